/** A bar chart as SVG: one group a measure, one bar a design, each group on its own scale. */

import { visible } from "../host/visible.ts";

/** Bars of one measure. */
interface Measure {
  readonly name: string;
  /** One value a design, in the order of the designs. */
  readonly values: readonly number[];
}

const COLOURS = ["#4c78a8", "#f58518", "#54a24b", "#b279a2", "#e45756", "#72b7b2"];
const WIDTH = 760;
const LEFT = 170;
const BAR = 16;
const GAP = 18;

/** The chart as text; the same for the same numbers. */
export function barChart(
  title: string,
  designs: readonly string[],
  measures: readonly Measure[],
): string {
  const group = designs.length * BAR + GAP;
  const top = 40 + 20 * designs.length;
  const height = top + measures.length * group + 10;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" font-family="ui-monospace, monospace" font-size="12">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="12" y="22" font-size="15" font-weight="bold" fill="#222">${escape(title)}</text>`,
  ];
  designs.forEach((design, i) => {
    const y = 34 + 20 * i;
    lines.push(
      `<rect x="12" y="${y}" width="12" height="12" fill="${COLOURS[i % COLOURS.length]}"/>`,
      `<text x="30" y="${y + 11}" fill="#222">${escape(design)}</text>`,
    );
  });
  measures.forEach((measure, m) => {
    const y = top + m * group;
    const most = Math.max(1, ...measure.values);
    lines.push(`<text x="12" y="${y + 12}" fill="#222">${escape(measure.name)}</text>`);
    measure.values.forEach((value, i) => {
      const width = Math.round((value / most) * (WIDTH - LEFT - 130));
      const at = y + i * BAR;
      lines.push(
        `<rect x="${LEFT}" y="${at}" width="${Math.max(1, width)}" height="${BAR - 3}" fill="${
          COLOURS[i % COLOURS.length]
        }"/>`,
        `<text x="${LEFT + Math.max(1, width) + 6}" y="${at + 11}" fill="#444">${value}</text>`,
      );
    });
  });
  return lines.join("\n") + "\n</svg>\n";
}

function escape(text: string): string {
  return visible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
