import { expect, test } from 'vitest';
import { diskFailure } from '../../src/fetching/disk-failure.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: write`), { code });

test.each([
  ['ENOSPC', 'storage_full', 503],
  ['EDQUOT', 'storage_full', 503],
  ['SQLITE_FULL', 'storage_full', 503],
  ['SQLITE_IOERR_SHMSIZE', 'storage_full', 503],
  ['SQLITE_IOERR_WRITE', 'internal_error', 500],
  ['EIO', 'internal_error', 500],
  ['EACCES', 'internal_error', 500],
])('%s is %s', (code, expected, status) => {
  expect(diskFailure(failure(code))).toMatchObject({ code: expected, status });
});

test('anything else is an internal error that keeps its cause and tells nothing of it', () => {
  const cause = failure('EIO');
  expect(diskFailure(cause).details.cause).toBe(cause);
  expect(diskFailure(cause).message).not.toContain('EIO');
  expect(diskFailure('text').code).toBe('internal_error');
});
