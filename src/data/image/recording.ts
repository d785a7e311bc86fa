// Presents the images of a recording in one form: channels last, and of one size where that is asked for.
import type { ElementArray } from '../element.ts';
import type { Column, Recording } from '../recording.ts';
import { resizeImages } from './image.ts';
import { type ImageLayout, imageLayoutOf, toChannelsLast } from './layout.ts';

/** Whether a column's rows are images in the form that this module gives them: [H, W, C] of bytes. */
export function isImageColumn(column: Pick<Column, 'shape' | 'type'>): boolean {
  return column.type === 'uint8' && column.shape.length === 3;
}

/** The recording with every image column as [h, w, C] bytes. */
export function presentImages(
  recording: Recording,
  imageSize: readonly [height: number, width: number] | undefined,
): Recording {
  const layouts = new Map<string, ImageLayout>();
  const columns = new Map<string, Column>();
  for (const [name, column] of recording.columns) {
    const layout = imageLayoutOf(column.shape, column.type);
    if (layout === undefined) {
      columns.set(name, column);
      continue;
    }
    const { height, width, channels } = layout;
    layouts.set(name, layout);
    columns.set(name, { ...column, shape: [...(imageSize ?? [height, width]), channels] });
  }
  return {
    ...recording,
    columns,
    async read(name, from, to): Promise<ElementArray> {
      const rows = await recording.read(name, from, to);
      const layout = layouts.get(name);
      if (layout === undefined || !(rows instanceof Uint8Array)) return rows;
      const { height, width, channels } = layout;
      return resizeImages(toChannelsLast(rows, layout), [height, width, channels], imageSize ?? [height, width]);
    },
  };
}
