/** Where settings come from: the environment, files that it names, and `garnish.config.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

/** Which setting a name of the environment stands for. */
export interface EnvironmentNames {
  /** `GARNISH_…` names; each may end in `_FILE`. */
  readonly keyByName: ReadonlyMap<string, string>;
  /** Names of other tools, believed where ours are not given. */
  readonly keyByForeignName: ReadonlyMap<string, string>;
}

function readForeignNames(env: NodeJS.ProcessEnv, names: ReadonlyMap<string, string>) {
  const found = [...names].map(([name, key]) => [key, env[name] ?? ''] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== ''));
}

/**
 * Settings of the environment by their keys.
 * @param lines Gets a line for each mistake.
 */
export function readEnvironment(
  env: NodeJS.ProcessEnv,
  { keyByName, keyByForeignName }: EnvironmentNames,
  lines: string[],
): Record<string, string> {
  const values: Record<string, string> = readForeignNames(env, keyByForeignName);
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('GARNISH_') || value === undefined || value === '') continue;
    const direct = keyByName.get(name);
    const fromFile = name.endsWith('_FILE')
      ? keyByName.get(name.slice(0, -'_FILE'.length))
      : undefined;
    if (direct !== undefined) {
      values[direct] = value;
    } else if (fromFile !== undefined && existsSync(value)) {
      values[fromFile] = readFileSync(value, 'utf8').trim();
    } else if (fromFile !== undefined) {
      lines.push(`${name}: there is no file ${value}.`);
    } else {
      lines.push(`${name} is not a setting; see docs/configuration.md.`);
    }
  }
  return values;
}

/**
 * Settings of a file by their keys; none when it is not there.
 * @param lines Gets a line for each mistake.
 */
export function readConfigFile(
  path: string,
  keys: readonly string[],
  lines: string[],
): Record<string, unknown> {
  if (!existsSync(path)) return {};
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const object = z.record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
    );
    const values: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(object.parse(parsed))) {
      if (keys.includes(key)) values[key] = Array.isArray(value) ? value.join(',') : String(value);
      else lines.push(`${key} in garnish.config.json is not a setting; see docs/configuration.md.`);
    }
    return values;
  } catch (error) {
    lines.push(
      `garnish.config.json cannot be read: ${error instanceof Error ? error.message : error}`,
    );
    return {};
  }
}
