/** Where a label can stand without a line behind it. */

/** A line or an edge of a band, in pixels. Null: a gap. */
export type Course = readonly (readonly [x: number, y: number] | null)[];

/** Distances of the middle of a label from its end of a line: above it first. */
const DISTANCES = [-14, -28, -42, 16, 30, 44];
const CLEAR = 4;

/** The middle of a label between two x, or null if each place near `y` has a line behind it or is outside of the plot. */
export function freePlace(
  y: number,
  [left, right]: readonly [number, number],
  courses: readonly Course[],
  [top, bottom]: readonly [number, number],
  height: number,
): number | null {
  const behind = courses.flatMap((course) => extentOf(course, left, right));
  const isFree = (middle: number) => {
    const [above, below] = [middle - height / 2, middle + height / 2];
    return (
      above >= top &&
      below <= bottom &&
      behind.every(([highest, lowest]) => below + CLEAR <= highest || above - CLEAR >= lowest)
    );
  };
  return DISTANCES.map((distance) => y + distance).find(isFree) ?? null;
}

/** The highest and lowest y of each piece of a course between two x. */
function extentOf(course: Course, left: number, right: number): [number, number][] {
  return course.flatMap((point, index) => {
    const next = course[index + 1] ?? point;
    if (point === null || next === null || next[0] < left || point[0] > right) {
      return [];
    }
    return [[Math.min(point[1], next[1]), Math.max(point[1], next[1])]];
  });
}
