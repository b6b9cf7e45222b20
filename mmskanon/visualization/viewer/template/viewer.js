// What is shown, and how it is played, turned and measured.
(function viewer() {
  const byId = (id) => document.getElementById(id);
  const page = JSON.parse(byId('data').textContent);
  const canvas = byId('stage');
  const HEAT = ['#3b6fd4', '#35b0ab', '#f2c230', '#e0561b', '#a3123a'];
  const degrees = (name) => page.views[name].map((angle) => (angle * Math.PI) / 180);
  const start = () => {
    const [turn, tilt] = degrees(page.flat ? 'front' : 'oblique');
    return { turn, tilt, zoom: 1 };
  };
  const view = start();
  let sample, box, moved, lines, heatTop = 1, cells = [];
  let frame = 0, playing = false, turning = false, running = false, last = 0, ahead = 0;

  // --- what is shown

  const person = () => Number(byId('person').value || 0);
  const joint = () => Number(byId('joint').value);
  const bone = () => page.bones[Number(byId('bone').value)] || [0, 0];
  const shown = () => [...document.querySelectorAll('.method:checked')].map((each) => Number(each.value));
  const numberText = (value) => (value === null ? '–' : value.toFixed(1));
  const colorName = (clip) => (clip === 0 ? 'quiet' : `method-${clip - 1}`);

  function chooseSample() {
    sample = unpack(page.samples[Number(byId('sample').value)], page);
    box = boxOf(sample);
    const persons = Array.from({ length: sample.persons }, (_, m) => m);
    byId('person').replaceChildren(...persons.map((m) => new Option(m + 1, m)));
    byId('person-label').hidden = sample.persons < 2;
    moved = sample.clips.map((clip) => persons.map((m) => displacements(sample, clip, m)));
    byId('moment').max = sample.frames - 1;
    frame = 0;
    const other = sample.clips.filter((clip) => clip.frames !== sample.frames);
    byId('facts').textContent = [
      `${sample.name}: ${sample.frames} frames, ${(sample.frames / page.fps).toFixed(2)} s at ${page.fps} frames a second`,
      ...other.map((clip) => `${clip.name}: ${clip.frames} frames, played by relative time`),
      `coordinates in steps of ${Number(sample.step.toPrecision(3))} ${page.unit}`,
    ].join('; ') + '.';
    measure();
  }

  // Take anew whatever depends on the sample, the methods, the person, the joint or the bone.
  function measure() {
    const methods = shown();
    const all = methods.flatMap((clip) => moved[clip].flat()).filter((each) => each !== null);
    heatTop = Math.max(all.reduce((top, each) => Math.max(top, ...each.filter(known)), 0), 0.1);
    byId('scale-high').textContent = `${heatTop.toFixed(0)} ${page.unit}`;
    byId('scale').hidden = !byId('heat').checked || !methods.length;
    byId('joint-name').textContent = byId('joint').selectedOptions[0].textContent;
    const mine = (clip) => moved[clip][person()];
    const series = methods.map((clip) => ({
      clip,
      all: mine(clip).map((each) => each && mean(each)),
      one: mine(clip).map((each) => (each && known(each[joint()]) ? each[joint()] : null)),
    }));
    const bones = [0, ...methods].map((clip) => ({
      clip, values: boneLengths(sample, sample.clips[clip], person(), bone()),
    }));
    // The first is the thickest, so that lines that coincide are all seen.
    const width = (clip) => 2 + 0.7 * Math.max(0, methods.length - methods.indexOf(clip) - 1);
    lines = {
      moved: series.flatMap(({ clip, all: every, one }) => [
        { clip, values: one, dashed: true, width: 1.4 }, { clip, values: every, width: width(clip) },
      ]),
      length: bones.map(({ clip, values }) => ({ clip, values, width: clip ? width(clip) : 2 })),
    };
    cells = [
      ...fill('moved-numbers', series.map(({ clip, all: every, one }) => [
        clip, mean(every), every, mean(one), one,
      ])),
      ...fill('length-numbers', bones.map(({ clip, values }) => [clip, mean(values), deviation(values), values])),
    ];
    draw();
  }

  // Fill a table; returns the cells that follow the playback.
  function fill(id, rows) {
    const moving = [];
    byId(id).tBodies[0].replaceChildren(...rows.map(([clip, ...values]) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      const mark = document.createElement('i');
      head.scope = 'row';
      mark.className = 'mark';
      mark.style.background = `var(--${colorName(clip)})`;
      head.append(mark, sample.clips[clip].name);
      row.append(head);
      for (const value of values) {
        const cell = row.insertCell();
        if (Array.isArray(value)) moving.push([cell, value]);
        else cell.textContent = numberText(value);
      }
      return row;
    }));
    return moving;
  }

  // --- the picture

  function heatColor(value) {
    const place = Math.min(value / heatTop, 1) * (HEAT.length - 1);
    const low = Math.min(Math.floor(place), HEAT.length - 2);
    return mix(HEAT[low + 1], HEAT[low], place - low);
  }

  function mix(a, b, share) {
    const parts = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    const other = parts(b);
    return `rgb(${parts(a).map((v, i) => Math.round(share * v + (1 - share) * other[i]))})`;
  }

  // Panels side by side or below each other, whatever shows the bodies largest.
  function panels(groups) {
    const [wide, high, deep] = box[0].map((value, k) => Math.max(box[1][k] - value, 1));
    const across = Math.hypot(wide, deep), up = Math.max(high + 0.2 * across, page.flat ? 0 : 0.8 * across);
    const dots = canvas.width / Math.max(canvas.clientWidth, 1);
    const title = 28 * dots, count = groups.length;
    const options = groups.map((_, i) => {
      const columns = i + 1, rows = Math.ceil(count / columns);
      const [width, height] = [canvas.width / columns, canvas.height / rows];
      return { columns, width, height, scale: Math.min((0.94 * width) / across, (0.94 * (height - title)) / up) };
    });
    const { columns, width, height, scale } = options.reduce((a, b) => (b.scale > a.scale * 1.01 ? b : a));
    return groups.map((group, i) => ({
      ...group, scale, width, height, title, dots, x: (i % columns) * width, y: Math.floor(i / columns) * height,
    }));
  }

  function placer(panel) {
    const middle = box[0].map((value, k) => (value + box[1][k]) / 2);
    const scale = panel.scale * view.zoom;
    const [x, y] = [panel.x + panel.width / 2, panel.y + panel.title + (panel.height - panel.title) / 2];
    return (point) => {
      const [across, up, away] = lookAt([point[0] - middle[0], point[1] - middle[1], point[2] - middle[2]], view);
      return [x + scale * across, y - scale * up, away];
    };
  }

  function drawFloor(paper, panel, place, color) {
    if (page.flat) return;
    // Half a metre, or ten, a hundred, ... times as much, so that no more than 40 squares lie in a row, however far a clip reaches.
    const reach = Math.max(box[1][0] - box[0][0], box[1][2] - box[0][2]);
    const step = 500 * Math.max(1, 10 ** Math.ceil(Math.log10(reach / (40 * 500))));
    const [first, end] = [0, 1].map((side) => [0, 2].map((k) => {
      const away = side ? 1 : -1;
      return away * Math.ceil((away * box[side][k]) / step + 0.25) * step;
    }));
    const floor = box[0][1];
    for (let x = first[0]; x <= end[0]; x += step) {
      stroke(paper, [[x, floor, first[1]], [x, floor, end[1]]].map(place), color, panel.dots);
    }
    for (let z = first[1]; z <= end[1]; z += step) {
      stroke(paper, [[first[0], floor, z], [end[0], floor, z]].map(place), color, panel.dots);
    }
  }

  // Lines and joints of all bodies of a panel, each with a rim, from the farthest to the nearest.
  function drawBodies(paper, panel, place, colors) {
    const parts = [];
    const heat = byId('heat').checked;
    const unit = Math.max(panel.dots, Math.min(panel.width, panel.height) / 260) * (panel.ghost === undefined && panel.clips.length > 1 ? 0.75 : 1);
    const fraction = fractionOf(frame, sample.frames);
    for (const clip of panel.clips) {
      for (let m = 0; m < sample.persons; m++) {
        const body = bodyAt(sample, sample.clips[clip], m, fraction);
        if (!body) continue;
        const behind = clip === panel.ghost;
        const color = behind ? colors.ghost : m % 2 ? mix(colors.clips[clip], colors.paper, 0.6) : colors.clips[clip];
        const points = page.joints.map((_, v) => place(jointOf(body, v)));
        const far = behind ? 1e9 : 0;
        const nearest = points.map((point) => point[2]);
        for (const [a, b] of page.bones) {
          const away = (points[a][2] + points[b][2]) / 2;
          if (!known(away)) continue;
          // Joints lie before the bones that meet there.
          for (const end of [a, b]) nearest[end] = Math.min(nearest[end], away - 1);
          parts.push({ away: away + far, points: [points[a], points[b]], color, width: (behind ? 2 : 2.6) * unit, rim: behind ? 0 : 5 * unit });
        }
        if (behind) continue;
        const distances = clip && heat ? moved[clip][m][frame] : null;
        points.forEach((point, v) => {
          if (!known(point[2])) return;
          const head = page.joints[v] === 'head' ? 2 : 1;
          const size = (distances ? 3.4 : 2.2) * head * unit;
          const shade = distances && known(distances[v]) ? heatColor(distances[v]) : color;
          parts.push({ away: nearest[v], points: [point], color: shade, size, rim: size + 0.8 * unit });
        });
        if (m === person() && known(points[joint()][2])) parts.push({ away: -1e9, points: [points[joint()]], ring: 6 * unit });
      }
    }
    parts.sort((a, b) => b.away - a.away);
    for (const { points, color, width, size, rim, ring } of parts) {
      if (ring) {
        paper.beginPath();
        paper.arc(points[0][0], points[0][1], ring, 0, 2 * Math.PI);
        paper.lineWidth = 1.2 * panel.dots;
        paper.strokeStyle = colors.ink;
        paper.stroke();
      } else if (size) {
        dot(paper, points[0], colors.paper, rim);
        dot(paper, points[0], color, size);
      } else {
        if (rim) stroke(paper, points, colors.paper, rim);
        stroke(paper, points, color, width);
      }
    }
  }

  function drawTitle(paper, panel, colors) {
    let x = panel.x + 14 * panel.dots;
    const y = panel.y + 17 * panel.dots;
    const clips = panel.clips.filter((clip) => clip !== panel.ghost);
    const most = (panel.width - 20 * panel.dots) / clips.length - 22 * panel.dots;
    paper.font = `600 ${13 * panel.dots}px system-ui, sans-serif`;
    paper.textAlign = 'left';
    paper.textBaseline = 'middle';
    for (const clip of clips) {
      const { name } = sample.clips[clip];
      dot(paper, [x, y], colors.clips[clip], 5 * panel.dots);
      paper.fillStyle = colors.ink;
      paper.fillText(name, x + 10 * panel.dots, y, most);
      x += Math.min(paper.measureText(name).width, most) + 30 * panel.dots;
    }
  }

  function drawStage() {
    const paper = freshPaper(canvas);
    const colors = { clips: sample.clips.map((_, clip) => paletteColor(colorName(clip))) };
    for (const name of ['paper', 'line', 'ink', 'quiet']) colors[name] = paletteColor(name);
    colors.ghost = mix(colors.quiet, colors.paper, 0.45);
    const ghost = byId('ghost').checked ? [0] : [];
    const groups = byId('overlay').checked
      ? [{ clips: [0, ...shown()] }]
      : [{ clips: [0] }, ...shown().map((clip) => ({ clips: [...ghost, clip], ghost: ghost[0] }))];
    panels(groups).forEach((panel) => {
      const place = placer(panel);
      paper.save();
      paper.beginPath();
      paper.rect(panel.x, panel.y, panel.width, panel.height);
      paper.clip();
      drawFloor(paper, panel, place, colors.line);
      drawBodies(paper, panel, place, colors);
      drawTitle(paper, panel, colors);
      paper.restore();
      if (panel.x > 0) stroke(paper, [[panel.x, panel.y], [panel.x, panel.y + panel.height]], colors.line, panel.dots);
    });
  }

  function draw() {
    drawStage();
    for (const id of ['moved', 'length']) {
      const colored = lines[id].map((line) => ({ ...line, color: paletteColor(colorName(line.clip)) }));
      drawChart(byId(id), colored, frame, sample.frames, page.fps);
    }
    for (const [cell, values] of cells) cell.textContent = numberText(values[frame]);
    const time = `${(frame / page.fps).toFixed(2)} s`;
    byId('moment').value = frame;
    byId('moment').setAttribute('aria-valuetext', time);
    byId('clock').textContent = `${time}, frame ${frame + 1}`;
  }

  // --- playback

  function tick(now) {
    running = playing || turning;
    if (!running) return;
    // Where the start was late in a frame of the screen, that frame began before it.
    const passed = Math.max(0, Math.min((now - last) / 1000, 0.25));
    last = now;
    if (turning) view.turn += passed * 0.7;
    ahead += playing ? passed * page.fps * Number(byId('speed').value) : 0;
    const whole = Math.floor(ahead);
    ahead -= whole;
    frame = (frame + whole) % sample.frames;
    if (whole > 0) draw();
    else if (turning) drawStage();
    requestAnimationFrame(tick);
  }

  function run() {
    if (running || !(playing || turning)) return;
    running = true;
    last = performance.now();
    ahead = 0;
    requestAnimationFrame(tick);
  }

  function setPlaying(value) {
    playing = value;
    byId('play').textContent = value ? 'Pause' : 'Play';
    byId('play').setAttribute('aria-pressed', String(value));
    run();
  }

  function setTurning(value) {
    turning = value;
    byId('turntable')?.setAttribute('aria-pressed', String(value));
    run();
  }

  function seek(to) {
    setPlaying(false);
    frame = Math.max(0, Math.min(sample.frames - 1, to));
    draw();
  }

  function look(changes) {
    setTurning(false);
    Object.assign(view, changes);
    drawStage();
  }

  function nextSample(step) {
    const select = byId('sample');
    select.selectedIndex = (select.selectedIndex + step + select.length) % select.length;
    chooseSample();
  }

  // --- controls

  document.querySelectorAll('[data-color]').forEach((mark) => { mark.style.background = `var(--${mark.dataset.color})`; });
  byId('sample').addEventListener('change', chooseSample);
  document.querySelectorAll('.method, #heat, #joint, #person, #bone').forEach((each) => each.addEventListener('change', measure));
  byId('ghost').addEventListener('change', drawStage);
  byId('overlay').addEventListener('change', () => { byId('ghost').disabled = byId('overlay').checked; drawStage(); });
  byId('play').addEventListener('click', () => setPlaying(!playing));
  byId('moment').addEventListener('input', () => seek(Number(byId('moment').value)));
  byId('reset').addEventListener('click', () => look(start()));
  byId('turntable')?.addEventListener('click', () => setTurning(!turning));
  byId('nearer').addEventListener('click', () => { zoomView(view, 1.25); drawStage(); });
  byId('farther').addEventListener('click', () => { zoomView(view, 0.8); drawStage(); });
  for (const button of document.querySelectorAll('.view')) {
    const [turn, tilt] = degrees(button.value);
    button.addEventListener('click', () => look({ turn, tilt }));
  }
  turnByHand(canvas, view, drawStage, () => document.activeElement === canvas);
  for (const id of ['moved', 'length']) {
    const go = (event) => { if (event.buttons) seek(frameUnder(byId(id), event.clientX, sample.frames)); };
    byId(id).addEventListener('pointerdown', go);
    byId(id).addEventListener('pointermove', go);
  }

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('select, .scroll')) return;
    const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.12], ArrowDown: [0, 0.12] };
    const onPicture = event.target === canvas;
    const onInput = event.target.matches('input[type=range]');
    if (event.key === ' ' && !event.target.closest('button, input')) setPlaying(!playing);
    else if (event.shiftKey && event.key in turns) { turnView(view, ...turns[event.key]); drawStage(); }
    else if (event.key === 'ArrowLeft' && !onInput) seek(frame - 1);
    else if (event.key === 'ArrowRight' && !onInput) seek(frame + 1);
    else if (event.key === 'ArrowUp' && onPicture) nextSample(-1);
    else if (event.key === 'ArrowDown' && onPicture) nextSample(1);
    else if (event.key === '+' || event.key === '-') { zoomView(view, event.key === '+' ? 1.25 : 0.8); drawStage(); }
    else if (event.key === '0') look(start());
    else return;
    event.preventDefault();
  });
  window.addEventListener('resize', draw);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);

  chooseSample();
  // Nothing moves by itself for those who asked for less motion.
  if (!window.matchMedia('(prefers-reduced-motion: reduce)').matches) setPlaying(true);
})();
