/** Measured pictures before the real profiles: what is found, and what is advised. */
import { describe, expect, it } from 'vitest';
import { PlatformBook } from '../../src/platforms/platform-book.ts';
import { preflight } from '../../src/platforms/preflight.ts';
import type { MeasuredPicture } from '../../src/platforms/requirement-checks.ts';
import { FIGURES, LIGHT, photo, SUBJECT } from './pictures.ts';

const book = PlatformBook.load();

function reportOf(picture: MeasuredPicture, id = 'doordash', placementId?: string) {
  const platform = book.find(id) ?? expect.fail();
  const { placements } = platform;
  const placement = placements[placementId ?? Object.keys(placements)[0] ?? ''] ?? expect.fail();
  return preflight(platform, placement, picture, book.everywhere);
}
const checkOf = (name: string, picture: MeasuredPicture, id?: string, placement?: string) =>
  reportOf(picture, id, placement).checks.find(({ check }) => check === name) ?? expect.fail();

describe('the verdict', () => {
  it('passes a good photograph', () => {
    const { verdict, checks } = reportOf(photo());
    expect(checks.filter(({ status }) => status === 'warning' || status === 'fail')).toEqual([]);
    expect(verdict).toBe('pass');
  });

  it('is the worst of the checks', () => {
    expect(reportOf(photo({ widthPx: 1280, heightPx: 720 })).verdict).toBe('warning');
    expect(reportOf(photo({ widthPx: 800, heightPx: 1400 })).verdict).toBe('fail');
  });

  it('is unknown where no source says anything, unless the picture itself is poor', () => {
    expect(reportOf(photo(), 'wolt').verdict).toBe('unknown');
    expect(reportOf(photo({ figures: { sharpness: 2 } }), 'wolt').verdict).toBe('warning');
  });

  it('fails for nothing that is our own threshold', () => {
    const dark = { ...LIGHT, lightLuma: 0.1 };
    const touches = { left: 1, top: 1, right: 1, bottom: 1 };
    const poor = photo({
      figures: { sharpness: 0, light: dark, subject: { ...SUBJECT, touches, light: dark } },
    });
    expect(reportOf(poor).verdict).toBe('warning');
  });
});

describe('size', () => {
  it('says how to reach it', () => {
    const { status, measured, required, fix } = checkOf(
      'minimum_size',
      photo({ widthPx: 640, heightPx: 360 }),
    );
    expect([status, measured]).toEqual(['warning', '640 x 360 pixels']);
    expect(required).toBe('at least 1400 x 800 pixels; at least 1200 x 800 pixels');
    expect(fix).toContain('1400 x 800 pixels or more');
    expect(fix).toContain('scale 4');
    expect(checkOf('minimum_size', photo({ widthPx: 320, heightPx: 180 })).fix).toContain('again');
  });

  it('fails where the platform itself says so, both ways', () => {
    const small = photo({ widthPx: 319, heightPx: 319 });
    expect(checkOf('minimum_size', small, 'uber-eats').status).toBe('fail');
    const huge = checkOf('maximum_size', photo({ widthPx: 6001, heightPx: 4000 }), 'uber-eats');
    expect([huge.status, huge.fix]).toEqual(['fail', 'Reduce it to at most 6000 x 6000 pixels.']);
  });

  it('asks nothing of a side that no source names, and lets the platform convert', () => {
    const tall = photo({ widthPx: 1500, heightPx: 1500 });
    const { status, required } = checkOf('maximum_size', tall, 'instagram');
    expect(status).toBe('pass');
    expect(required).toBe('at most 1440 pixels in width (converted by the platform itself)');
  });
});

describe('ratio', () => {
  it('tells the crop, and that the dish fits in', () => {
    const { status, fix } = checkOf('ratio', photo({ widthPx: 2000, heightPx: 1300 }), 'deliveroo');
    expect(status).toBe('fail');
    expect(fix).toBe('Crop to 16:9, at most 2000 x 1125 of this picture; the dish fits in.');
  });

  it('warns of a crop that would cut the dish', () => {
    const square = photo({ widthPx: 1500, heightPx: 1500 });
    expect(checkOf('ratio', square).fix).toContain('more room above and below it');
    const wide = { ...SUBJECT, box: { left: 0, top: 0.4, right: 1, bottom: 0.6 } };
    const story = checkOf('ratio', photo({ figures: { subject: wide } }), 'instagram', 'story');
    expect(story.fix).toContain('to the left and right of it');
  });

  it('names each source with what it says, and how it was read', () => {
    const { required, sources } = checkOf('ratio', photo());
    expect(required).toMatch(/^16:9 \(Two of three sources/);
    expect(
      sources.map(({ says, publisher, status }) => [says.slice(0, 4), publisher, status]),
    ).toEqual([
      ['16:9', 'GourmetPix', 'secondary'],
      ['4:3.', 'FoodPhoto.ai', 'secondary'],
      ['16:9', 'OCUS', 'secondary'],
    ]);
  });
});

describe('the file', () => {
  it('is held to bytes at both ends', () => {
    expect(checkOf('maximum_bytes', photo({ bytes: 11_000_000 })).fix).toContain('10000000 bytes');
    expect(
      checkOf('maximum_bytes', photo({ bytes: 5_000_001 }), 'tripadvisor', 'gallery').status,
    ).toBe('fail');
    const tiny = checkOf('minimum_bytes', photo({ bytes: 10_239 }), 'google-business', 'gallery');
    expect(tiny.status).toBe('fail');
    expect(
      checkOf('minimum_bytes', photo({ bytes: 10_240 }), 'google-business', 'gallery').status,
    ).toBe('pass');
  });

  it('is held to format and colours', () => {
    const gif = checkOf('format', photo({ figures: { format: 'gif' } }), 'uber-eats');
    expect([gif.status, gif.fix]).toEqual(['fail', 'Save it as JPEG.']);
    const p3 = checkOf('colour_space', photo({ figures: { colourSpace: 'Display P3' } }));
    expect([p3.status, p3.measured]).toEqual(['warning', 'Display P3']);
  });

  it('is held to an orientation', () => {
    const portrait = photo({ widthPx: 1080, heightPx: 1920 });
    expect(checkOf('orientation', portrait).status).toBe('fail');
    expect(checkOf('orientation', photo({ widthPx: 900, heightPx: 900 })).measured).toBe('square');
  });
});

describe('the dish', () => {
  const withBox = (areaShare: number, left: number, right: number) =>
    photo({
      figures: { subject: { ...SUBJECT, areaShare, box: { left, top: 0.3, right, bottom: 0.7 } } },
    });

  it('is too small or too large only by every count', () => {
    expect(checkOf('subject_fill', withBox(0.1, 0.3, 0.7)).fix).toContain('nearer');
    expect(checkOf('subject_fill', withBox(0.1, 0.1, 0.9)).status).toBe('pass');
    expect(checkOf('subject_fill', withBox(0.9, 0, 1)).fix).toContain('room');
    expect(checkOf('subject_fill', withBox(0.1, 0.3, 0.7), 'deliveroo')).toMatchObject({
      status: 'unknown',
      required: null,
      measured: '10 % of the frame; the box around it 16 %',
    });
  });

  it('is cut at the sides on which more than a twentieth of it lies', () => {
    const touches = { left: 0.05, top: 0, right: 0.06, bottom: 0.5 };
    const cut = checkOf('subject_whole', photo({ figures: { subject: { ...SUBJECT, touches } } }));
    expect(cut).toMatchObject({
      status: 'warning',
      measured:
        'the dish or its plate reaches the right (6 % of the side), bottom (50 % of the side)',
    });
    expect(cut.sources[0]).toMatchObject({ publisher: 'DoorDash', status: 'confirmed' });
  });

  it.each([
    ['was not found', { ...FIGURES, subject: undefined }],
    ['is a speck', { ...FIGURES, subject: { ...SUBJECT, areaShare: 0.009 } }],
  ])('that %s is missed', (_name, { subject, ...figures }) => {
    const bare = { ...photo(), figures: subject === undefined ? figures : { ...figures, subject } };
    expect(checkOf('subject_whole', bare)).toMatchObject({
      status: 'warning',
      measured: 'no dish was found',
    });
    expect(checkOf('subject_fill', bare)).toMatchObject({ status: 'unknown', measured: null });
  });

  it('that nobody looked for is unknown', () => {
    const { subject: _subject, ...figures } = { ...FIGURES, isSubjectSought: false };
    expect(checkOf('subject_whole', { ...photo(), figures }).status).toBe('unknown');
  });
});

describe('sharpness and light', () => {
  it.each([
    [8, 'pass'],
    [7.9, 'warning'],
  ])('a detail of %d: %s', (sharpness, status) => {
    expect(checkOf('sharpness', photo({ figures: { sharpness } })).status).toBe(status);
  });

  it('cannot tell in a picture too small for it', () => {
    const { sharpness: _sharpness, ...figures } = FIGURES;
    expect(checkOf('sharpness', { ...photo(), figures }).status).toBe('unknown');
  });

  const lit = (light: Partial<typeof LIGHT>, dish: Partial<typeof LIGHT> = {}) =>
    photo({
      figures: {
        light: { ...LIGHT, ...light },
        subject: { ...SUBJECT, light: { ...LIGHT, ...dish } },
      },
    });

  it('judges the dish, not the ground', () => {
    expect(checkOf('exposure', lit({ lightLuma: 0.1, whiteShare: 0.9 })).status).toBe('pass');
    expect(checkOf('exposure', lit({}, { lightLuma: 0.49 })).fix).toContain('more light');
    expect(checkOf('exposure', lit({}, { whiteShare: 0.16 })).fix).toContain('less light');
  });

  it('judges the whole where there is no dish, but does not call a white ground burnt out', () => {
    const { subject: _subject, ...figures } = FIGURES;
    const exposureOf = (light: Partial<typeof LIGHT>) =>
      checkOf('exposure', { ...photo(), figures: { ...figures, light: { ...LIGHT, ...light } } })
        .status;
    expect([exposureOf({ whiteShare: 0.6 }), exposureOf({ lightLuma: 0.2 })]).toEqual([
      'pass',
      'warning',
    ]);
  });
});

describe('the notes', () => {
  const texts = (id: string, placement?: string) =>
    reportOf(photo(), id, placement)
      .notes.map(({ text }) => text)
      .join('\n');

  it('tell the rules on AI, the silence, and the law', () => {
    expect(texts('grubhub')).toContain('Pictures made by AI: refused. The company says');
    expect(texts('grubhub')).toContain('Photographs changed by AI: no rule was found');
    expect(texts('tiktok', 'post')).toContain('Labels for what AI made or changed: required.');
    expect(texts('wolt')).toContain('European Union');
  });

  it('tell the rules in words that nothing measures, and not those that a check quotes', () => {
    expect(texts('doordash')).toContain('No text, graphics or logos');
    expect(texts('doordash')).not.toContain('The whole item can be seen');
  });
});
