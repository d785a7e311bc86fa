// Another way to measure: a form that loads the page again with other settings. The number of threads holds for a page's
// whole life, so that there is no other way.
import { runtimeRequests } from '../../runtime-choice.ts';
import type { Settings } from '../settings.ts';
import { element } from './dom.ts';

const runtimeLabels = { auto: 'chosen by the page', webgpu: 'WebGPU', wasm: 'WebAssembly' } as const;

export function fillSettingsForm(form: Element, { runtime, threads, observations }: Settings): void {
  form.replaceChildren(
    choice(
      'Runtime',
      'runtime',
      runtimeRequests.map((each) => [each, runtimeLabels[each]]),
      runtime,
    ),
    choice(
      'Threads',
      'threads',
      [['', 'as many as are useful'], ...['1', '2', '4'].map((each) => [each, each] as const)],
      threads === undefined ? '' : String(threads),
    ),
    choice(
      'Observations',
      'observations',
      ['256', '1024', '4096'].map((each) => [each, each]),
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
  const known = options.some(([value]) => value === chosen) ? options : [...options, [chosen, chosen] as const];
  const select = element('select', { name }, ...known.map(([value, text]) => element('option', { value }, text)));
  select.value = chosen;
  return element('label', {}, label, select);
}
