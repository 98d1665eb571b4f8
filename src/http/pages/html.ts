/** The frame of the plain pages: semantic HTML, one style sheet, nothing inline (strict CSP). */

/** Text that may stand in HTML, also inside a quoted attribute. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

/** A whole page. `main` is HTML, `title` is text. */
export const page = (title: string, main: string, head = ''): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Garnish</title>
<link rel="stylesheet" href="/assets/garnish.css">
${head}</head>
<body>
<header><a href="/">Garnish</a> <nav><a href="/docs">Docs</a> <a href="/dashboard/billing">Billing</a></nav></header>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</body>
</html>
`;
