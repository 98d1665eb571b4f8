/** The quick examples of the docs page: every operation in curl, TypeScript, Python and PHP. */

/** A call to show. */
interface ExampleCall {
  readonly title: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** One call in every language. */
export interface Example {
  readonly title: string;
  readonly code: Readonly<Record<'curl' | 'TypeScript' | 'Python' | 'PHP', string>>;
}

const IMAGE_URL = 'https://example.com/burger.jpg';

const CALLS: readonly ExampleCall[] = [
  {
    title: 'Remove the background',
    path: '/api/remove-background',
    body: { image_url: IMAGE_URL },
  },
  { title: 'Upscale', path: '/api/upscale', body: { image_url: IMAGE_URL, scale: 2 } },
  { title: 'Enhance', path: '/api/enhance', body: { image_url: IMAGE_URL, preset: 'balanced' } },
  {
    title: 'Generate',
    path: '/api/generate',
    body: {
      prompt:
        'Gourmet burger with melted cheese, sesame bun, fresh lettuce, on a rustic wooden board',
      style: 'natural',
      model: 'flux-2-pro',
      aspect_ratio: '1:1',
    },
  },
];

const curl = (url: string, json: string): string => `curl -X POST ${url} \\
  -H "Authorization: Bearer $API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '${json}'`;

const typeScript = (url: string, json: string): string => `const response = await fetch('${url}', {
  method: 'POST',
  headers: {
    Authorization: \`Bearer \${process.env.API_KEY}\`,
    'Content-Type': 'application/json',
  },
  body: JSON.stringify(${json}),
});
console.log(await response.json());`;

const python = (url: string, json: string): string => `import json, os, urllib.request

request = urllib.request.Request(
    "${url}",
    data=json.dumps(${json}).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['API_KEY']}",
        "Content-Type": "application/json",
    },
)
print(json.load(urllib.request.urlopen(request)))`;

const php = (url: string, json: string): string => `<?php
$curl = curl_init('${url}');
curl_setopt_array($curl, [
    CURLOPT_POST => true,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_HTTPHEADER => [
        'Authorization: Bearer ' . getenv('API_KEY'),
        'Content-Type: application/json',
    ],
    CURLOPT_POSTFIELDS => '${json}',
]);
echo curl_exec($curl);`;

/** The examples with this server's own address. */
export function quickExamples(publicUrl: string): readonly Example[] {
  return CALLS.map(({ title, path, body }) => {
    const url = `${publicUrl}${path}`;
    const json = JSON.stringify(body);
    return {
      title,
      code: {
        curl: curl(url, json),
        TypeScript: typeScript(url, json),
        Python: python(url, json),
        PHP: php(url, json),
      },
    };
  });
}
