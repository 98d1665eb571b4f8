/** The body of POST /api/remove-background: how the dish is shown once it is cut out. */
import { z } from 'zod';
import { format, imageUrl, optionsObject } from './fields.ts';

const DEFAULT_SHADOW = 0.5;
const side = z.int().min(16).max(8192).optional();

const removeBackgroundFields = optionsObject({
  output: z.enum(['cutout', 'mask']).default('cutout'),
  background: z
    .string()
    .regex(
      /^(?:blur|#[0-9a-fA-F]{6}|[a-zA-Z][a-zA-Z0-9+.-]*:.+)$/,
      'a colour as #rrggbb, blur, or the address of a picture',
    )
    .optional()
    .meta({
      description:
        'Laid under the dish: a colour, its own background out of focus (blur), or a picture, by an address as of image_url.',
      example: '#f4efe6',
    }),
  shadow: z
    .union([z.boolean(), z.number().min(0).max(1)], 'true, false or a darkness of 0 to 1')
    .default(false)
    .meta({ description: 'A contact shadow below the dish; true is 0.5.' }),
  crop: z.boolean().default(false).meta({ description: 'Whether the frame is the dish alone.' }),
  margin: z.number().min(0).max(0.5).optional().meta({
    description: 'With crop: room on each side, as a share of the longer side of the dish.',
  }),
  align: z.enum(['center', 'top', 'bottom', 'left', 'right']).optional().meta({
    description: 'With width and height: where the frame lies when they leave room.',
  }),
  width: side.meta({ description: 'Pixels; without height that follows the ratio.' }),
  height: side.meta({ description: 'Pixels; without width that follows the ratio.' }),
  format: format.optional().meta({
    description: 'Default png; jpg needs a background or a mask.',
  }),
});

type RemoveBackgroundFields = z.output<typeof removeBackgroundFields>;

/** What each option needs beside it. */
const NEEDS: readonly {
  readonly path: keyof RemoveBackgroundFields;
  readonly message: string;
  readonly isWrong: (options: RemoveBackgroundFields) => boolean;
}[] = [
  {
    path: 'format',
    message: 'png or webp without options.background (JPEG has no transparency)',
    isWrong: ({ format: kind, output, background }) =>
      kind === 'jpg' && output === 'cutout' && background === undefined,
  },
  {
    path: 'background',
    message: 'nothing (a mask has no background)',
    isWrong: ({ output, background }) => output === 'mask' && background !== undefined,
  },
  {
    path: 'shadow',
    message: 'false or nothing (a mask has no shadow)',
    isWrong: ({ output, shadow }) => output === 'mask' && shadow !== false,
  },
  {
    path: 'margin',
    message: 'nothing without options.crop',
    isWrong: ({ crop, margin }) => margin !== undefined && !crop,
  },
  {
    path: 'align',
    message: 'nothing without options.width and options.height',
    isWrong: ({ align, width, height }) =>
      align !== undefined && (width === undefined || height === undefined),
  },
];

const removeBackgroundOptions = removeBackgroundFields.superRefine((options, context) => {
  for (const { path, message, isWrong } of NEEDS)
    if (isWrong(options)) context.addIssue({ code: 'custom', path: [path], message });
});

/** Darkness of a shadow; undefined: none. */
function darknessOf(shadow: boolean | number): number | undefined {
  if (shadow === true) return DEFAULT_SHADOW;
  return shadow === false || shadow === 0 ? undefined : shadow;
}

/** Which part is shown; undefined: the whole picture in its size. */
function framingOf({ crop, margin = 0, align = 'center', width, height }: RemoveBackgroundFields) {
  if (!crop && width === undefined && height === undefined) return undefined;
  return { crop, margin, align, widthPx: width, heightPx: height };
}

/** `#f4efe6` → [244, 239, 230]. */
const rgbOf = (hex: string): readonly [number, number, number] => [
  Number.parseInt(hex.slice(1, 3), 16),
  Number.parseInt(hex.slice(3, 5), 16),
  Number.parseInt(hex.slice(5, 7), 16),
];

function backgroundOf(background: string | undefined) {
  if (background === undefined) return undefined;
  if (background === 'blur') return 'blur' as const;
  return background.startsWith('#') ? rgbOf(background) : { imageUrl: background };
}

/** POST /api/remove-background. */
export const removeBackgroundRequest = z
  .object({ image_url: imageUrl, options: removeBackgroundOptions.prefault({}) })
  .transform(({ image_url, options }) => ({
    imageUrl: image_url,
    options: {
      output: options.output,
      background: backgroundOf(options.background),
      shadow: darknessOf(options.shadow),
      framing: framingOf(options),
      format: options.format ?? ('png' as const),
    },
  }))
  .meta({ id: 'RemoveBackgroundRequest' });
