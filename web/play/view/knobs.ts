// The knobs of one training: choices with their names and what they mean.
import { element } from '../../page/view/dom.ts';
import { isKnobOf, type Knob, knobChoices, knobs, type Place, type Setting, withKnob } from '../setting.ts';

const labels: Readonly<Record<Knob, { readonly name: string; readonly hint: string }>> = {
  world: { name: 'World', hint: 'Where images and actions come from.' },
  dynamics: { name: 'Weight of prediction', hint: 'How much a wrongly predicted next latent costs. 0 turns it off.' },
  auxiliary: { name: 'Auxiliary task', hint: 'What else must be told from a latent while it is trained.' },
  target: { name: 'Reward at count', hint: 'The count at which the reward is 1.' },
  latent: { name: 'Numbers in a latent', hint: 'How many numbers an image becomes.' },
  rate: { name: 'Learning rate', hint: 'How far a step of training goes.' },
  horizon: { name: 'Steps predicted', hint: 'How many actions ahead the predictor has to look (the horizon).' },
  norm: {
    name: 'Normalisation',
    hint: 'Batch norm compares the images of a batch with each other; layer norm looks at each image alone.',
  },
  seed: { name: 'Seed', hint: 'Another seed: other random numbers for weights and images.' },
};

const choiceNames: Readonly<Record<string, string>> = {
  counting: 'Counting',
  line: 'A line',
  rooms: 'Four rooms',
  reward: 'The reward, 0 or 1',
  dense: 'A dense reward: how near',
  projection: 'A random projection',
  none: 'None',
  batch: 'Batch norm',
  layer: 'Layer norm',
};

/** A form that says what it is set to; `onChange` hears every turn of a knob. */
export function createKnobs(setting: Setting, onChange: (setting: Setting) => void): HTMLElement {
  const rows = knobs
    .filter((knob) => isKnobOf(knob, setting))
    .map((knob) => {
      const select = element(
        'select',
        { 'data-knob': knob, title: labels[knob].hint },
        ...knobChoices[knob].map((choice) => {
          const text = choiceNames[String(choice)] ?? String(choice);
          const shown = knob === 'dynamics' && choice === 0 ? '0 (off)' : text;
          return element('option', { value: String(choice) }, shown);
        }),
      );
      select.value = String(setting[knob]);
      select.addEventListener('change', () => onChange(withKnob(setting, knob, select.value)));
      return element('label', {}, labels[knob].name, select);
    });
  return element('div', { class: 'knobs' }, ...rows);
}

const placeNames: Readonly<Record<Place, string>> = { wasm: 'WebAssembly', webgpu: 'WebGPU' };

/** The choice of what computes, for browsers that have more than one. */
export function createPlaceKnob(on: Place, choices: readonly Place[], onChange: (place: Place) => void): HTMLElement {
  const select = element(
    'select',
    { 'data-place': on, title: 'What computes in this browser. Results differ by rounding.' },
    ...choices.map((place) => element('option', { value: place }, placeNames[place])),
  );
  select.value = on;
  select.addEventListener('change', () => {
    const chosen = choices.find((place) => place === select.value);
    if (chosen !== undefined) onChange(chosen);
  });
  return element('label', {}, 'Computed by', select);
}
