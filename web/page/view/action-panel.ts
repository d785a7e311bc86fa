// The predictor at work: a button an action, where the last step landed, and the way there.
import type { ImaginedStep } from '../imagination.ts';
import { type ClassStyle, classLabel } from './class-label.ts';
import { element } from './dom.ts';
import { createFigure, type FigureSet } from './figure.ts';
import { agreement, fact } from './observation-panel.ts';

export interface ActionPanelContent {
  readonly figures: FigureSet;
  readonly style: ClassStyle;
  readonly actionNames: readonly string[];
  /** What the auxiliary head says, in words; undefined where there is nothing to say. */
  describeAuxiliary(step: ImaginedStep): string | undefined;
}

export interface ActionPanelEvents {
  onAction(action: number): void;
  onRestart(): void;
  /** The way to this class is asked for. */
  onPlan(goal: number): void;
}

export interface ActionPanel {
  /** The start first. */
  show(steps: readonly ImaginedStep[]): void;
}

/** Steps that are listed; the first ones of a long way are left out. */
const LISTED_STEPS = 9;

export function createActionPanel(
  container: Element,
  content: ActionPanelContent,
  events: ActionPanelEvents,
): ActionPanel {
  const { figures, style, actionNames } = content;
  const buttons = actionNames.map((name, action) => {
    const button = element('button', { type: 'button', class: 'main', 'data-action': name }, name);
    button.addEventListener('click', () => events.onAction(action));
    return button;
  });
  const restart = element('button', { type: 'button' }, 'Start over');
  restart.addEventListener('click', () => events.onRestart());
  const goal = element(
    'select',
    { id: 'goal' },
    ...style.names.map((name, index) => element('option', { value: index }, name)),
  );
  goal.value = String(style.names.length - 1);
  const plan = element('button', { type: 'button', id: 'plan' }, 'Go there');
  plan.addEventListener('click', () => events.onPlan(Number(goal.value)));
  const figure = createFigure(figures, 0, '', 'large');
  const facts = element('dl', { id: 'imagined' });
  const steps = element('ol', { class: 'steps', 'aria-label': 'Steps' });
  container.append(
    element('p', {}, 'Press an action: the predictor moves the latent, without another observation.'),
    element('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' }, ...buttons, restart),
    element('div', { class: 'seen' }, figure.element, facts),
    steps,
    element(
      'div',
      { class: 'plan', role: 'group', 'aria-label': 'Plan' },
      element('label', { for: 'goal' }, 'Plan to class'),
      goal,
      plan,
    ),
  );
  return {
    show(taken) {
      const last = taken[taken.length - 1];
      restart.toggleAttribute('disabled', taken.length === 1);
      figure.show(last.looksLike, `The held-out observation nearest to the latent, number ${last.looksLike}`);
      const auxiliary = content.describeAuxiliary(last);
      facts.replaceChildren(
        ...fact(taken.length === 1 ? 'Starts in' : 'Lands in', classLabel(style, last.landedClass)),
        ...(last.trueClass === undefined
          ? []
          : fact('Environment', classLabel(style, last.trueClass), agreement(last.landedClass === last.trueClass))),
        ...(auxiliary === undefined ? [] : fact('Auxiliary', auxiliary)),
      );
      const listed = taken.slice(-LISTED_STEPS);
      steps.replaceChildren(
        ...(listed.length < taken.length ? [element('li', {}, '…')] : []),
        ...listed.map((step, index) => listStep(step, index === listed.length - 1)),
      );
    },
  };

  function listStep({ action, landedClass, trueClass }: ImaginedStep, isLast: boolean): HTMLElement {
    const tone = trueClass === undefined ? 'plain' : landedClass === trueClass ? 'good' : 'bad';
    const item = element('li', {});
    if (action !== undefined) item.append(`${actionNames[action]} → `);
    item.append(element('span', { class: `tag ${tone}` }, style.names[landedClass]));
    if (isLast) item.setAttribute('aria-current', 'step');
    return item;
  }
}

/** One step in words, for a screen reader. */
export function stepInWords({ action, landedClass, trueClass }: ImaginedStep, content: ActionPanelContent): string {
  const { style, actionNames } = content;
  const way = action === undefined ? 'Starts' : `${actionNames[action]}: lands`;
  const landed = `${way} in class ${style.names[landedClass]}`;
  if (trueClass === undefined) return `${landed}.`;
  const isSame = landedClass === trueClass;
  return `${landed}, ${isSame ? 'as in the environment' : `the environment goes to ${style.names[trueClass]}`}.`;
}
