// What moves in the story page. It runs in the browser: its own text goes into the page, so it may use nothing from outside it.

/** What the page carries for it. */
export interface FilmData {
  readonly labels: readonly number[];
  readonly states: readonly string[];
  readonly rewards: readonly number[];
  readonly actions: readonly string[];
  readonly next: readonly (readonly number[])[];
  readonly words: readonly (readonly (readonly number[] | null)[])[];
  readonly arms: readonly {
    readonly name: string;
    readonly frames: readonly {
      readonly step: number;
      readonly points: readonly number[];
      readonly accuracy: number;
      readonly spread: number;
    }[];
  }[];
}

export function runFilm(): void {
  const element = (id: string): HTMLElement => {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`story: no element ${id}`);
    return found;
  };
  const { labels, states, rewards, actions, next, words, arms }: FilmData = JSON.parse(
    element('film-data').textContent ?? '',
  );
  const isStill = matchMedia('(prefers-reduced-motion: reduce)');
  const frames = arms[0].frames;
  const last = frames.length - 1;
  const slider = element('step');
  const play = element('play');
  if (!(slider instanceof HTMLInputElement) || !(play instanceof HTMLButtonElement)) return;
  const panels = arms.map((arm, index) => {
    const picture = element(`panel-${index}`);
    return {
      arm,
      picture,
      dots: [...picture.querySelectorAll('circle')],
      names: [...picture.querySelectorAll('text')],
      facts: element(`facts-${index}`),
    };
  });
  let shown = last;
  let running = 0;

  /** Between two frames points lie between their places. */
  const placeOf = (points: (frame: number) => readonly number[], at: number, index: number): number => {
    const from = Math.floor(at);
    const to = Math.min(last, from + 1);
    return points(from)[index] + (at - from) * (points(to)[index] - points(from)[index]);
  };

  const draw = (at: number): void => {
    shown = at;
    const near = Math.round(at);
    for (const { arm, picture, dots, names, facts } of panels) {
      const points = (frame: number) => arm.frames[frame].points;
      const sums = states.map(() => [0, 0, 0]);
      dots.forEach((dot, n) => {
        const x = placeOf(points, at, 2 * n);
        const y = placeOf(points, at, 2 * n + 1);
        dot.setAttribute('cx', x.toFixed(0));
        dot.setAttribute('cy', (-y).toFixed(0));
        const sum = sums[labels[n]];
        sum[0] += x;
        sum[1] += y;
        sum[2] += 1;
      });
      // A name that would lie on another is left out, and all of them where most would: a point has no name.
      const places = sums.map(([x, y, count]) => [x / count, -y / count]);
      const free: number[][] = [];
      for (const place of places)
        if (free.every((other) => Math.hypot(other[0] - place[0], other[1] - place[1]) > 150)) free.push(place);
      names.forEach((name, state) => {
        const place = places[state];
        name.setAttribute('x', place[0].toFixed(0));
        name.setAttribute('y', place[1].toFixed(0));
        name.setAttribute('opacity', 2 * free.length >= places.length && free.includes(place) ? '1' : '0');
      });
      const { step, accuracy, spread } = arm.frames[near];
      const told = `${Math.round(100 * accuracy)}%`;
      const wide = spread < 0.1 ? spread.toFixed(3) : spread.toFixed(2);
      facts.textContent = `${told} told apart · width ${wide}`;
      picture.setAttribute(
        'aria-label',
        `${arm.name}, step ${step}: ${told} of the pictures are nearest to their own count; the latents are ${wide} times as wide as before training`,
      );
    }
    element('step-now').textContent = `step ${frames[near].step}`;
    slider.value = String(near);
    slider.setAttribute('aria-valuetext', `step ${frames[near].step} of ${frames[last].step}`);
  };

  const stop = (): void => {
    cancelAnimationFrame(running);
    clearTimeout(running);
    running = 0;
    play.textContent = 'Play';
    play.setAttribute('aria-pressed', 'false');
  };

  /** Moves to a frame; without motion it is there at once. */
  const moveTo = (target: number, millisecondsAFrame: number, then: () => void): void => {
    const from = shown;
    const whole = Math.max(1, Math.abs(target - from) * millisecondsAFrame);
    // The time of the first frame, which may have begun before this call.
    let begin: number | undefined;
    const tick = (now: number): void => {
      begin ??= now;
      const part = Math.min(1, (now - begin) / whole);
      draw(from + part * (target - from));
      if (part < 1) running = requestAnimationFrame(tick);
      else then();
    };
    running = requestAnimationFrame(tick);
  };

  const jump = (target: number): void => {
    stop();
    if (isStill.matches) draw(target);
    else moveTo(target, Math.min(160, 900 / Math.max(1, Math.abs(target - shown))), stop);
  };

  slider.addEventListener('input', () => jump(Number(slider.value)));
  for (const button of document.querySelectorAll('button[data-frame]'))
    button.addEventListener('click', () => {
      jump(Number(button.getAttribute('data-frame')));
      element('film').scrollIntoView({ behavior: isStill.matches ? 'auto' : 'smooth', block: 'start' });
    });
  play.addEventListener('click', () => {
    if (running !== 0) {
      stop();
      return;
    }
    if (shown >= last) draw(0);
    play.textContent = 'Pause';
    play.setAttribute('aria-pressed', 'true');
    if (!isStill.matches) {
      moveTo(last, 700, stop);
      return;
    }
    const turn = (): void => {
      draw(Math.min(last, Math.floor(shown) + 1));
      if (shown >= last) stop();
      else running = window.setTimeout(turn, 1000);
    };
    running = window.setTimeout(turn, 1000);
  });

  const [first, second] = ['first', 'second'].map((id) => element(id));
  const tell = (): void => {
    if (!(first instanceof HTMLSelectElement) || !(second instanceof HTMLSelectElement)) return;
    const pair = [Number(first.value), Number(second.value)];
    const word = words[pair[0]][pair[1]];
    pair.forEach((state, row) => {
      const visited = [state];
      for (const action of word ?? []) visited.push(next[visited[visited.length - 1]][action]);
      const walk = element(`walk-${row}`);
      walk.replaceChildren(
        ...visited.flatMap((each, index) => {
          const place = document.createElement('span');
          place.className = rewards[each] > 0 ? 'place paid' : 'place';
          place.textContent = states[each];
          if (index === 0) return [place];
          const arrow = document.createElement('span');
          arrow.className = 'arrow';
          arrow.textContent = actions[(word ?? [])[index - 1]].replace('-', '−');
          return [arrow, place];
        }),
      );
      const end = document.createElement('span');
      end.className = 'reward';
      end.textContent = `reward ${rewards[visited[visited.length - 1]]}`;
      walk.append(end);
      element(`picture-${row}`).setAttribute('src', element(`example-${state}`).getAttribute('src') ?? '');
      element(`picture-${row}`).setAttribute('alt', `A picture of ${states[state]} objects`);
    });
    element('told').textContent =
      word === null
        ? 'The same count: nothing ever tells these pictures apart, and one latent may stand for both.'
        : word.length === 0
          ? 'The reward itself differs: no action is needed to tell them apart.'
          : `After the same ${word.length === 1 ? 'action' : `${word.length} actions`} one is paid and the other is not. With one latent for both, every prediction from it would be the same, and one of them wrong.`;
  };
  for (const select of [first, second]) select.addEventListener('change', tell);
  tell();
  draw(last);
  document.documentElement.setAttribute('data-state', 'ready');
}
