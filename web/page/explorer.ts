// The live part: which observation is looked at, where the predictor was sent from there, and what each view shows of it.
import { classColours } from '../../src/report/colour.ts';
import { formatNumber } from '../../src/report/number.ts';
import { type ImaginedStep, imagine, startAt } from './imagination.ts';
import type { Measurement } from './measurement.ts';
import { nearestObservations } from './neighbour.ts';
import { createPlane } from './plane.ts';
import { planTo } from './planning.ts';
import { type ActionPanelContent, createActionPanel, stepInWords } from './view/action-panel.ts';
import type { ClassStyle } from './view/class-label.ts';
import { figureSetOf } from './view/figure.ts';
import { createObservationPanel } from './view/observation-panel.ts';
import { createScatter } from './view/scatter.ts';
import type { PageModel } from './worker-model.ts';
import type { World } from './world.ts';

const NEIGHBOURS = 6;
/** Between the steps of a plan. */
const STEP_MS = 400;
/** Numbers of the auxiliary head that are shown; a random projection has dozens. */
const SHOWN_AUXILIARIES = 3;

export interface ExplorerPlaces {
  readonly plot: Element;
  readonly observation: Element;
  readonly act: Element;
  /** Told in words what has changed, for a screen reader. */
  announce(text: string): void;
  /** An action failed: the page is broken from here on. */
  onError(error: unknown): void;
}

export async function startExplorer(
  model: PageModel,
  world: World,
  measurement: Measurement,
  places: ExplorerPlaces,
): Promise<void> {
  const { latents, judged, centroids, distinctness } = measurement;
  const { labels } = latents;
  const style: ClassStyle = { names: world.classes.names, colours: classColours(world.classes.count) };
  const figures = figureSetOf(judged, model.observationShape, world.vectorColumns);
  const plane = createPlane(latents, distinctness.spectrum);
  const latentOf = (index: number) => latents.values.subarray(index * latents.size, (index + 1) * latents.size);
  const neighboursOf = (index: number) => nearestObservations(latents, latentOf(index), NEIGHBOURS, index);

  let chosen = labels.indexOf(world.classes.count >> 1);
  let pointed: number | undefined;
  let steps: readonly ImaginedStep[] = [await startAt(chosen, model, world, measurement)];

  const content: ActionPanelContent = {
    figures,
    style,
    actionNames: world.actionNames,
    describeAuxiliary: (step) => describeAuxiliary(step, world),
  };
  const scatter = createScatter(
    places.plot,
    { points: plane.project(latents.values), labels, style, shares: plane.shares },
    {
      onPoint(index) {
        if (index === pointed) return;
        pointed = index;
        show();
      },
      onChoose: (index) => inOrder(() => choose(index)),
    },
  );
  const observationPanel = createObservationPanel(places.observation, { figures, labels, centroids, style, latentOf });
  const actionPanel = createActionPanel(places.act, content, {
    onAction: (action) => inOrder(() => act(action)),
    onRestart: () => inOrder(() => choose(chosen)),
    onPlan: (goal) => inOrder(() => follow(goal)),
  });
  show();

  function show(isNewStep = false): void {
    const shown = pointed ?? chosen;
    const neighbours = neighboursOf(shown);
    const path = plane.project(steps.flatMap(({ latent }) => Array.from(latent)));
    observationPanel.show(shown, neighbours);
    actionPanel.show(steps);
    scatter.mark({ shown, neighbours, path, isNewStep, landedClass: steps[steps.length - 1].landedClass });
  }

  async function choose(index: number): Promise<void> {
    steps = [await startAt(index, model, world, measurement)];
    chosen = index;
    pointed = undefined;
    show();
    const near = neighboursOf(index).map((each) => style.names[labels[each]]);
    places.announce(`Observation ${index}, class ${style.names[labels[index]]}. Nearest: ${near.join(', ')}.`);
  }

  async function act(action: number): Promise<void> {
    const next = await imagine(steps[steps.length - 1], action, model, world, measurement);
    steps = [...steps, next];
    show(true);
    places.announce(stepInWords(next, content));
  }

  /** Plans, then takes the steps one after the other, so that they can be followed. */
  async function follow(goal: number): Promise<void> {
    const from = steps[steps.length - 1];
    const { actions, predictions } = await planTo(goal, from, model, world, measurement);
    for (const action of actions) {
      await act(action);
      if (!prefersReducedMotion()) await pause(STEP_MS);
    }
    const arrived = steps[steps.length - 1];
    const way = actions.map((action) => world.actionNames[action]).join(', ') || 'no action';
    const truth = arrived.trueClass === undefined ? '' : `; the environment in ${style.names[arrived.trueClass]}`;
    places.announce(
      `Planned ${way}, out of ${predictions} predicted latents. Arrived in class ${style.names[arrived.landedClass]}${truth}.`,
    );
  }

  /** Presses faster than the predictor wait for each other. */
  let last: Promise<void> = Promise.resolve();
  function inOrder(work: () => Promise<void>): void {
    last = last.then(work).catch(places.onError);
  }
}

function describeAuxiliary({ auxiliary, trueState }: ImaginedStep, { auxiliaries }: World): string | undefined {
  if (auxiliary.length === 0) return undefined;
  const numbers = (values: ArrayLike<number>) =>
    Array.from(values).slice(0, SHOWN_AUXILIARIES).map(formatShort).join(', ') +
    (values.length > SHOWN_AUXILIARIES ? ', …' : '');
  if (auxiliaries === undefined) return numbers(auxiliary);
  const named = `${auxiliaries.map(({ name }) => name).join(', ')} ${numbers(auxiliary)}`;
  if (trueState === undefined) return named;
  const truth = auxiliaries.flatMap((each) =>
    each.of === 'state' ? Array.from(each.table.subarray(trueState * each.size, (trueState + 1) * each.size)) : [],
  );
  return `${named} (true: ${numbers(truth)})`;
}

/** Two decimals are enough beside a truth. */
function formatShort(value: number): string {
  return Math.abs(value) < 1000 ? String(Number(value.toFixed(2))) : formatNumber(value);
}

function prefersReducedMotion(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
