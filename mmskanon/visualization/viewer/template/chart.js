// Lines over time with a cursor that follows the playback.

// Round numbers that divide the range from 0 or low to high into a few parts.
function ticks(low, high, most) {
  const rough = Math.max(high - low, 1e-6) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high * (1 + 1e-9); k++) found.push(Number((k * step).toPrecision(6)));
  return found;
}

// What a chart shows from low to high: everything, from 0 if that is near, and some space above.
function rangeOf(lines) {
  const known = lines.flatMap((line) => line.values.filter((value) => value !== null));
  if (!known.length) return [0, 1];
  const [low, high] = [known.reduce((a, b) => Math.min(a, b)), known.reduce((a, b) => Math.max(a, b))];
  const space = Math.max((high - low) * 0.12, high * 0.02, 0.5);
  return [low < high * 0.5 ? 0 : Math.max(0, low - space), high + space];
}

function chartEdges(canvas) {
  const dots = canvas.width / Math.max(canvas.clientWidth, 1);
  return { dots, left: 46 * dots, right: canvas.width - 10 * dots, top: 8 * dots, bottom: canvas.height - 22 * dots };
}

// lines: [{ values: number or null by frame, color, dashed, width }]
function drawChart(canvas, lines, frame, frames, fps) {
  const paper = freshPaper(canvas);
  const { dots, left, right, top, bottom } = chartEdges(canvas);
  const [low, high] = rangeOf(lines);
  const seconds = (frames - 1) / fps;
  const across = (at) => left + (frames > 1 ? at / (frames - 1) : 0.5) * (right - left);
  const up = (value) => bottom - ((value - low) / (high - low)) * (bottom - top);
  paper.font = `${11 * dots}px system-ui, sans-serif`;
  const write = (text, x, y, align) => {
    paper.fillStyle = paletteColor('quiet');
    paper.textAlign = align;
    paper.fillText(text, x, y);
  };
  paper.textBaseline = 'middle';
  for (const value of ticks(low, high, 4)) {
    stroke(paper, [[left, up(value)], [right, up(value)]], paletteColor('line'), dots);
    write(String(value), left - 6 * dots, up(value), 'right');
  }
  paper.textBaseline = 'top';
  for (const value of frames > 1 ? ticks(0, seconds, 5) : []) {
    write(`${value} s`, across(value * fps), bottom + 6 * dots, value * fps > 0.97 * (frames - 1) ? 'right' : 'center');
  }
  stroke(paper, [[across(frame), top], [across(frame), bottom]], paletteColor('ink'), dots);
  for (const { values, color, dashed, width = 2 } of lines) {
    paper.setLineDash(dashed ? [5 * dots, 5 * dots] : []);
    let run = [];
    for (let i = 0; i <= frames; i++) {
      if (i < frames && values[i] !== null) run.push([across(i), up(values[i])]);
      else if (run.length) { stroke(paper, run, color, width * dots); run = []; }
    }
    paper.setLineDash([]);
    if (values[frame] !== null) dot(paper, [across(frame), up(values[frame])], color, 3.5 * dots);
  }
}

// The frame under a place of the pointer.
function frameUnder(canvas, clientX, frames) {
  const { dots, left, right } = chartEdges(canvas);
  const x = (clientX - canvas.getBoundingClientRect().left) * dots;
  return Math.max(0, Math.min(frames - 1, Math.round(((x - left) / (right - left)) * (frames - 1))));
}
