import { expect, it } from 'vitest';
import { redirectTarget } from '../../../src/packs/hub/redirect.ts';

const FROM = new URL('https://hub.example/a/resolve/b/c.onnx?token=secret');

it.each([
  ['https://cdn.example/x?signature=1', 'https://cdn.example/x?signature=1'],
  ['/api/resolve-cache/x', 'https://hub.example/api/resolve-cache/x'],
  ['//cdn.example/x', 'https://cdn.example/x'],
])('follows %s', (location, expected) => {
  expect(redirectTarget(FROM, location).href).toBe(expected);
});

it('goes from http to http, as a mirror of the own network may', () => {
  expect(redirectTarget(new URL('http://mirror.lan/'), 'http://store.lan/x').host).toBe(
    'store.lan',
  );
});

it.each([
  ['http://hub.example/x', 'redirects from https to http: refused.'],
  ['file:///etc/passwd', 'redirects to what is no web address.'],
  ['data:,x', 'redirects to what is no web address.'],
  ['https://', 'redirects to what is no web address.'],
])('does not follow %s, and leaves the query out of the sentence', (location, expected) => {
  expect(() => redirectTarget(FROM, location)).toThrow(
    `https://hub.example/a/resolve/b/c.onnx ${expected}`,
  );
});
