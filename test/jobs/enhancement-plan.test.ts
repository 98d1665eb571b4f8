/** What an enhance request means for the engine: presets, platforms, and what cannot be had together. */
import { describe, expect, it } from 'vitest';
import { planEnhancement } from '../../src/jobs/enhancement-plan.ts';
import type { EnhanceRequest, PlatformTarget, PresetName } from '../../src/jobs/job.ts';
import { loadPresets } from '../../src/packs/presets.ts';
import { codeOf } from '../accounts/caught.ts';
import { ENHANCE } from './fixture.ts';

const { presets } = loadPresets();

function plan(
  options: Partial<EnhanceRequest['options']> = {},
  preset: PresetName = 'balanced',
  target?: PlatformTarget,
) {
  const request = { ...ENHANCE, preset, options: { ...ENHANCE.options, ...options } };
  return planEnhancement(request, {
    preset: presets[preset],
    target,
    segmenterId: 'finder',
    upscalerId: 'enlarger',
  });
}

const SQUARE: PlatformTarget = {
  id: 'uber-eats/item',
  demands: {
    ratios: [{ least: 1, most: 1 }],
    maximumSize: { width: 800, height: null },
    maximumBytes: 90_000,
    formats: ['jpeg'],
  },
};

describe('presets', () => {
  it('balanced keeps the frame but for a tilt, and needs nothing that finds the dish', () => {
    const { framing, size, segmenterId, upscalerId, file } = plan();
    expect(framing).toEqual({ maxTiltDegrees: 3 });
    expect(size).toEqual({ maxScale: 2, longestSidePx: 2048 });
    expect([segmenterId, upscalerId, file]).toEqual([undefined, 'enlarger', {}]);
  });

  it('print-ready may be larger, and tells the printer 300 dots an inch', () => {
    const { size, file, framing } = plan({}, 'print-ready');
    expect([size.longestSidePx, file.dotsPerInch, framing.ratios]).toEqual([4096, 300, undefined]);
  });

  it.each(['delivery-optimized', 'social-media'] as const)(
    '%s has a frame around the dish',
    (name) => {
      const { framing, segmenterId } = plan({}, name);
      expect(framing.ratios).toHaveLength(1);
      expect(segmenterId).toBe('finder');
    },
  );

  it('each mends all that is wrong', () => {
    for (const { look } of Object.values(presets)) expect(look.correction).toBe(1);
  });
});

describe('options', () => {
  it('crop false keeps the frame of every preset, tilt included', () => {
    const { framing, segmenterId } = plan({ crop: false }, 'social-media');
    expect([framing, segmenterId]).toEqual([{ maxTiltDegrees: 0 }, undefined]);
  });

  it('upscale false enlarges nothing', () => {
    const { size, upscalerId } = plan({ upscale: false });
    expect([size.maxScale, upscalerId]).toEqual([1, undefined]);
  });

  it('remove_background needs what finds the dish, and gives a PNG unless WebP is asked for', () => {
    const { removeBackground, segmenterId, format } = plan({ removeBackground: true });
    expect([removeBackground, segmenterId, format]).toEqual([true, 'finder', 'png']);
    expect(plan({ removeBackground: true, format: 'webp' }).format).toBe('webp');
  });
});

describe('platforms', () => {
  it('give frame, size, bytes and format, and take the place of the frame of a preset', () => {
    const { framing, size, file, format } = plan({}, 'social-media', SQUARE);
    expect(framing.ratios).toEqual([{ least: 1, most: 1 }]);
    expect(size).toEqual({ maxScale: 2, longestSidePx: 2048, maxWidthPx: 800 });
    expect([file.maxBytes, format]).toEqual([90_000, 'jpg']);
    const png = { ...SQUARE, demands: { formats: ['png'] } };
    expect(plan({}, 'balanced', png).format).toBe('png');
    const both = { ...SQUARE, demands: { formats: ['jpeg', 'png'] } };
    expect(plan({}, 'balanced', both).format).toBeUndefined(); // by the transparency of the result
    expect(plan({}, 'social-media', png).framing.ratios).toBeUndefined();
  });

  it('refuse a format that they do not take, by name', () => {
    const call = (options: Partial<EnhanceRequest['options']>) => () =>
      plan(options, 'balanced', SQUARE);
    expect(codeOf(call({ format: 'webp' }))).toBe('invalid_request');
    expect(call({ format: 'webp' })).toThrow(/options\.format.*uber-eats\/item.*webp/);
    expect(codeOf(call({ removeBackground: true }))).toBe('invalid_request');
    expect(call({ format: 'jpg' })().format).toBe('jpg');
  });
});
