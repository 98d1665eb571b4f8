/** The provider of a device by its name. */
import type { ProviderChoice } from './session.ts';

/** @param device `cpu` or `cuda:N` @throws Error for another. */
export function providerOf(device: string, threads: number): ProviderChoice {
  if (device === 'cpu') return { provider: 'cpu', deviceId: 0, threads };
  const number = /^cuda:(\d+)$/.exec(device)?.[1];
  if (number === undefined)
    throw new Error(`Expected the device cpu or cuda:N, received ${device}.`);
  return { provider: 'cuda', deviceId: Number(number), threads };
}
