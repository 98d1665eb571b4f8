/** Windows of addresses over a clock of the test's own. */
import { expect, test } from 'vitest';
import { AddressWindows } from '../../src/http/address-windows.ts';

const NOON = Date.UTC(2026, 2, 29, 12);

function fixture(perMinute: number) {
  const clock = { nowMs: NOON };
  return { clock, windows: new AddressWindows(perMinute, () => clock.nowMs) };
}

test('exactly as many requests as the limit pass, and the refusal says when to come again', () => {
  const { windows, clock } = fixture(3);
  clock.nowMs += 500;
  const states = Array.from({ length: 5 }, () => windows.hit('10.0.0.1'));
  expect(states.map(({ allowed }) => allowed)).toEqual([true, true, true, false, false]);
  expect(states.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0, 0]);
  clock.nowMs += 20_400;
  expect(windows.hit('10.0.0.1')).toEqual({
    ...{ allowed: false, remaining: 0, retryAfterS: 40, resetUnixS: NOON / 1000 + 61 },
  });
  clock.nowMs += 39_599;
  expect(windows.hit('10.0.0.1').allowed).toBe(false);
  clock.nowMs += 1;
  expect(windows.hit('10.0.0.1')).toMatchObject({ allowed: true, remaining: 2, retryAfterS: 60 });
});

test('addresses have windows of their own, those of one IPv6 /56 share one', () => {
  const { windows } = fixture(1);
  expect(windows.hit('2001:db8:0:1::1').allowed).toBe(true);
  expect(windows.hit('2001:db8:0:ff::9').allowed).toBe(false);
  expect(windows.hit('2001:db8:0:100::1').allowed).toBe(true);
  expect(windows.hit('::ffff:10.0.0.1').allowed).toBe(true);
});

test('addresses that stay away are forgotten', () => {
  const { windows, clock } = fixture(1);
  for (let i = 0; i < 1000; i += 1) windows.hit(`10.1.${i >> 8}.${i & 255}`);
  expect(windows.size).toBe(1000);
  clock.nowMs += 60_000;
  windows.hit('10.0.0.1');
  expect(windows.size).toBe(1);
});
