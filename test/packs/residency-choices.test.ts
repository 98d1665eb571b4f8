import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import type { EnginePack } from '../../src/engine/protocol.ts';
import { chooseResidency } from '../../src/packs/residency-choices.ts';

const pack = (id: string, task: string): EnginePack => ({
  ...{ id, task, family: 'any', folder: '/', files: {}, inputs: {}, memoryMib: 1, bytes: 1 },
});
const PACKS = [
  pack('cut', 'segmentation'),
  pack('enlarge', 'super-resolution'),
  pack('draw', 'text-to-image'),
  pack('edit', 'image-editing'),
];

const choose = (settings: Record<string, string>) =>
  chooseResidency(loadConfig(settings, '/nowhere'), PACKS);

test('without settings every pack is loaded and stays, and no budget is named', () => {
  expect(choose({})).toEqual({ keepAliveS: -1, pinned: [], preload: 'all', exclusive: [] });
});

test('what is chosen arrives', () => {
  expect(
    choose({
      GARNISH_MEMORY_BUDGET_MIB: '8000',
      GARNISH_KEEP_ALIVE_S: '300',
      GARNISH_PINNED_PACKS: 'cut',
      GARNISH_PRELOAD: 'draw, cut',
      GARNISH_EXCLUSIVE_PACKS: 'draw+edit,cut+edit',
    }),
  ).toEqual({
    budgetMib: 8000,
    keepAliveS: 300,
    pinned: ['cut'],
    preload: ['draw', 'cut'],
    exclusive: [
      ['draw', 'edit'],
      ['cut', 'edit'],
    ],
  });
  expect(choose({ GARNISH_PRELOAD: 'none' }).preload).toEqual([]);
  expect(choose({ GARNISH_PRELOAD: 'all' }).preload).toBe('all');
});

test.each([
  [
    'GARNISH_PINNED_PACKS',
    'cut,other',
    /GARNISH_PINNED_PACKS: other is no pack in use \(in use: cut/,
  ],
  ['GARNISH_PRELOAD', 'all,cut', /GARNISH_PRELOAD: all is no pack in use/],
  ['GARNISH_EXCLUSIVE_PACKS', 'cut+other', /GARNISH_EXCLUSIVE_PACKS: other is no pack in use/],
  ['GARNISH_EXCLUSIVE_PACKS', 'draw+enlarge', /a generation needs both/],
  ['GARNISH_EXCLUSIVE_PACKS', 'cut', /GARNISH_EXCLUSIVE_PACKS: Expected pack\+pack/],
  ['GARNISH_KEEP_ALIVE_S', '-2', /GARNISH_KEEP_ALIVE_S: Expected a whole number from -1/],
])('%s=%s is refused with its name', (name, value, reason) => {
  expect(() => choose({ [name]: value })).toThrow(reason);
});

test('two packs that exclude each other cannot both be pinned', () => {
  const settings = { GARNISH_PINNED_PACKS: 'draw,edit', GARNISH_EXCLUSIVE_PACKS: 'draw+edit' };
  expect(() => choose(settings)).toThrow(/draw and edit are both pinned/);
});
