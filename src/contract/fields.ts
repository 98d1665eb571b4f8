/** Fields that several request bodies have. */
import { z } from 'zod';
import { characterCount, textProblem } from './text.ts';

/** A text that is trimmed, then has so many characters. */
export const text = (maxCharacters: number) =>
  z
    .string()
    .transform((value) => value.trim())
    .superRefine((value, context) => {
      const length = characterCount(value);
      const problem =
        length < 1 || length > maxCharacters
          ? `1 to ${maxCharacters} characters`
          : textProblem(value);
      if (problem !== undefined) {
        context.addIssue({ code: 'custom', message: `a text with ${problem}` });
      }
    });

/** Where a picture is. */
export const imageUrl = z.string().meta({
  description:
    'An http(s) address the server may reach, a result of this server, or an upload (POST /api/uploads).',
  example: 'https://example.com/burger.jpg',
});

/** How results are encoded. */
export const format = z.enum(['jpg', 'png', 'webp']);

/** What noise is drawn from. */
export const seed = z
  .int()
  .min(0)
  .transform((value) => value + 0); // -0 becomes 0

/** An `options` object: unknown keys are refused by name. */
export const optionsObject = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `Unknown option options.${String(issue.keys?.[0])}. Allowed: ${Object.keys(shape).join(', ')}.`
        : undefined,
  });
