/** The platform routes (ours): GET /api/platforms, GET /api/platforms/ID, POST /api/preflight. */
import { z } from 'zod';

const sourceStatus = z.enum(['confirmed', 'secondary']).meta({
  description: 'confirmed: a page of the platform itself; secondary: of anybody else.',
});
const day = z.iso.date();

const page = {
  address: z.url(),
  publisher: z.string(),
  read: day.meta({ description: 'Day on which the page was read.' }),
  page_date: z.string().nullable().meta({ description: 'The date that the page shows of itself.' }),
  status: sourceStatus,
  is_partial: z.boolean().meta({
    description: 'Only a part of the text was there to read: lists taken from it may go on.',
  }),
};

const strength = z.enum(['required', 'advised', 'adapted']).meta({
  description: 'adapted: the platform converts the picture by itself, nothing is refused.',
});

const fieldOf = <Value extends z.ZodType>(value: Value) =>
  z
    .strictObject({
      claims: z.array(
        z.strictObject({
          value,
          strength,
          via: z.string().nullable().meta({
            description:
              'Service whose limit it is, where pictures reach the platform through one.',
          }),
          note: z.string().nullable(),
          source: z.string().meta({ description: 'Id in sources.' }),
          status: sourceStatus,
        }),
      ),
      reading: z
        .strictObject({ value, reason: z.string() })
        .nullable()
        .meta({ description: 'What a preflight goes by where sources differ.' }),
    })
    .nullable();

const size = z
  .strictObject({ width: z.int().nullable(), height: z.int().nullable() })
  .meta({ description: 'Pixels; null is a side that the source does not name.' });

const requirements = z.strictObject({
  ratio: fieldOf(z.array(z.string()).meta({ description: 'Any of these, or of these ranges.' })),
  orientation: fieldOf(z.enum(['landscape', 'portrait'])),
  minimum_size: fieldOf(size),
  recommended_size: fieldOf(z.array(size).meta({ description: 'Any of these.' })),
  maximum_size: fieldOf(size),
  minimum_bytes: fieldOf(z.int()),
  maximum_bytes: fieldOf(z.int()),
  formats: fieldOf(z.array(z.string())),
  colour_space: fieldOf(z.string()),
  subject_share: fieldOf(z.strictObject({ least: z.number(), most: z.number() })),
});

const stancesOf = (...values: readonly [string, ...string[]]) =>
  z
    .array(
      z.strictObject({
        value: z.enum(values),
        text: z.string(),
        source: z.string(),
        status: sourceStatus,
      }),
    )
    .nullable();
const pictures = stancesOf('allowed', 'conditional', 'refused', 'own-tools');

/** Answer of GET /api/platforms/ID. */
export const platformResponse = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    version: z.int(),
    placements: z.array(
      z.strictObject({
        id: z.string(),
        name: z.string(),
        requirements,
        rules: z.array(
          z.strictObject({
            text: z.string(),
            check: z.string().nullable().meta({ description: 'The check that looks at it.' }),
            source: z.string(),
            status: sourceStatus,
          }),
        ),
      }),
    ),
    ai: z.strictObject({
      generated: pictures,
      edited: pictures,
      label: stancesOf('required', 'advised', 'automatic'),
    }),
    sources: z.array(z.strictObject({ id: z.string(), ...page })),
  })
  .meta({ id: 'Platform', description: 'null is what no source says.' });

/** Answer of GET /api/platforms. */
export const platformsResponse = z
  .strictObject({ platforms: z.array(platformResponse) })
  .meta({ id: 'Platforms' });

/** POST /api/preflight. */
export const preflightRequest = z
  .object({
    image_url: z.string().meta({
      description:
        'An http(s) address the server may reach, a result of this server, or an upload (POST /api/uploads).',
      example: 'https://example.com/burger.jpg',
    }),
    platform: z.string().meta({ description: 'Id of GET /api/platforms.', example: 'uber-eats' }),
    placement: z.string().optional().meta({
      description: 'What the picture is for; default: the first placement of the platform.',
      example: 'item',
    }),
  })
  .transform(({ image_url, ...rest }) => ({ imageUrl: image_url, ...rest }))
  .meta({ id: 'PreflightRequest' });

const status = z.enum(['pass', 'warning', 'fail', 'unknown']);
const quotes = z.array(z.strictObject({ says: z.string(), ...page }));
const share = z.number().min(0).max(1);
const sides = z.strictObject({ left: share, top: share, right: share, bottom: share });
const light = z.strictObject({
  mean: share,
  brightest_tenth: share,
  black: share,
  burnt_out: share,
});

/** Answer of POST /api/preflight. */
export const preflightResponse = z
  .strictObject({
    platform: z.string(),
    placement: z.string(),
    version: z.int().meta({ description: 'Of the profile.' }),
    verdict: status.meta({
      description: 'The worst of the checks; unknown when no source says anything to judge by.',
    }),
    picture: z.strictObject({
      width: z.int(),
      height: z.int(),
      bytes: z.int(),
      format: z.enum(['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif']),
      colour_space: z.string(),
      sharpness: z.number().nullable(),
      light,
      subject: z
        .strictObject({ area: share, box: sides, touches: sides, light })
        .nullable()
        .meta({ description: 'In shares of the frame; null when no dish was found.' }),
    }),
    checks: z.array(
      z.strictObject({
        check: z.string(),
        status,
        measured: z.string().nullable(),
        required: z.string().nullable(),
        sources: quotes,
        fix: z.string().nullable(),
      }),
    ),
    notes: z.array(
      z.strictObject({ topic: z.enum(['ai', 'content']), text: z.string(), sources: quotes }),
    ),
  })
  .meta({ id: 'Preflight' });
