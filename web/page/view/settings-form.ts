// Another way to measure: a form that loads the page again with other settings. The number of threads holds for a page's
// whole life, so that there is no other way.
import { runtimeRequests } from '../../runtime-choice.ts';
import type { Settings } from '../settings.ts';
import { element } from './dom.ts';

const runtimeLabels = { auto: 'chosen by the page', webgpu: 'WebGPU', wasm: 'WebAssembly' } as const;

/** What was really used, once it is known. */
export interface UsedSettings {
  readonly runtime: 'webgpu' | 'wasm';
  readonly threads: number;
  readonly observations: number;
}

export function fillSettingsForm(
  form: Element,
  { runtime, threads, observations }: Settings,
  used?: UsedSettings,
): void {
  const withUsed = (text: string, isUsed: boolean, found: string | number | undefined) =>
    isUsed && found !== undefined ? `${text}: ${found}` : text;
  const measured = used !== undefined && used.observations !== observations ? used.observations : undefined;
  const counts = [...new Set([256, 1024, 4096, observations])].sort((a, b) => a - b);
  form.replaceChildren(
    choice(
      'Runtime',
      'runtime',
      runtimeRequests.map((each) => [
        each,
        withUsed(runtimeLabels[each], runtime === 'auto' && each === 'auto', used && runtimeLabels[used.runtime]),
      ]),
      runtime,
    ),
    choice(
      'Threads',
      'threads',
      [
        ['', withUsed('as many as are useful', threads === undefined, used?.threads)],
        ...[...new Set(['1', '2', '4', ...(threads === undefined ? [] : [String(threads)])])].map(
          (each) =>
            [
              each,
              withUsed(each, each === String(threads) && threads !== used?.threads, used && `${used.threads} used`),
            ] as const,
        ),
      ],
      threads === undefined ? '' : String(threads),
    ),
    choice(
      'Observations',
      'observations',
      counts.map((each) => [
        String(each),
        withUsed(String(each), each === observations, measured && `${measured} measured`),
      ]),
      String(observations),
    ),
    element('button', { type: 'submit' }, 'Measure again'),
  );
}

function choice(
  label: string,
  name: string,
  options: readonly (readonly [value: string, text: string])[],
  chosen: string,
): HTMLElement {
  const select = element('select', { name }, ...options.map(([value, text]) => element('option', { value }, text)));
  select.value = chosen;
  return element('label', {}, label, select);
}
