(function sortableTables() {
  const compare = {
    text: (a, b) => a.localeCompare(b, undefined, { numeric: true }),
    number: (a, b) => Number(a) - Number(b),
  };
  for (const table of document.querySelectorAll('table.sortable')) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = head.querySelector('button');
      button.addEventListener('click', () => {
        // Figures are most telling from the highest down, names from A to Z.
        const first = button.dataset.kind === 'number' ? 'descending' : 'ascending';
        const other = first === 'ascending' ? 'descending' : 'ascending';
        const order = head.getAttribute('aria-sort') === first ? other : first;
        heads.forEach((each) => each.setAttribute('aria-sort', each === head ? order : 'none'));
        const sign = order === 'ascending' ? 1 : -1;
        const rows = [...table.tBodies[0].rows].map((row) => ({ row, value: row.cells[column].dataset.value }));
        rows.sort((a, b) => {
          if (a.value === '' || b.value === '') return (a.value === '') - (b.value === '');
          return sign * compare[button.dataset.kind](a.value, b.value);
        });
        table.tBodies[0].append(...rows.map((entry) => entry.row));
      });
    });
  }
})();

(function filters() {
  const selects = [...document.querySelectorAll('select[data-filter]')];
  const rows = [...document.querySelectorAll('#attacker-table tbody tr')];
  const output = document.getElementById('shown-rows');
  const apply = () => {
    let count = 0;
    for (const row of rows) {
      row.hidden = selects.some((select) => select.value && row.dataset[select.dataset.filter] !== select.value);
      count += !row.hidden;
    }
    output.textContent = `${count} ${count === 1 ? 'row' : 'rows'}`;
  };
  selects.forEach((select) => select.addEventListener('change', apply));
})();

// On paper everything is open.
window.addEventListener('beforeprint', () => {
  document.querySelectorAll('details').forEach((details) => { details.open = true; });
});

(function player() {
  const source = document.getElementById('clips');
  if (!source) return;
  const samples = JSON.parse(source.textContent);
  const canvas = document.getElementById('stage');
  const [play, moment, clock, front] = ['play', 'moment', 'clock', 'front'].map((id) => document.getElementById(id));
  const [sampleSelect, methodSelect] = ['sample', 'shown-method'].map((id) => document.getElementById(id));
  const view = { turn: 0.3, tilt: 0.15, zoom: 1 };
  let paper, sample, before, after, frame = 0, playing = false, last = 0, ahead = 0;
  let middle = [0, 0, 0], radius = 1, floor = 0;

  // Persons as coordinates of all frames: steps from frame to frame are added up.
  function unfold(persons) {
    const size = sample.joints * sample.dims;
    return persons.map((steps) => {
      const out = Float32Array.from(steps);
      for (let i = size; i < out.length; i++) out[i] += out[i - size];
      return out;
    });
  }

  function joint(person, t, v) {
    const at = (t * sample.joints + v) * sample.dims;
    return [person[at], person[at + 1], sample.dims === 3 ? person[at + 2] : 0];
  }

  function present(person, t) {
    const size = sample.joints * sample.dims;
    return person.subarray(t * size, (t + 1) * size).some((value) => value !== 0);
  }

  function extent(persons) {
    const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
    for (const person of persons) {
      for (let t = 0; t < sample.frames; t++) {
        if (!present(person, t)) continue;
        for (let v = 0; v < sample.joints; v++) {
          joint(person, t, v).forEach((value, k) => {
            low[k] = Math.min(low[k], value);
            high[k] = Math.max(high[k], value);
          });
        }
      }
    }
    return Number.isFinite(low[0]) ? [low, high] : [[-1, -1, -1], [1, 1, 1]];
  }

  function chooseSample() {
    const kept = methodSelect.value;
    sample = samples[Number(sampleSelect.value)];
    before = unfold(sample.clips['']);
    const methods = Object.keys(sample.clips).filter((name) => name !== '');
    methodSelect.replaceChildren(...methods.map((name) => new Option(name, name)));
    // Start with a method that changes something.
    const changes = (name) => JSON.stringify(sample.clips[name]) !== JSON.stringify(sample.clips['']);
    methodSelect.value = methods.includes(kept) ? kept : methods.find(changes) || methods[0] || '';
    const [low, high] = extent(before);
    middle = low.map((value, k) => (value + high[k]) / 2);
    radius = Math.max(Math.hypot(...high.map((value, k) => value - low[k])) / 2, 1);
    floor = low[1];
    moment.max = sample.frames - 1;
    frame = 0;
    chooseMethod();
  }

  function chooseMethod() {
    const clip = sample.clips[methodSelect.value];
    after = clip ? unfold(clip) : [];
    draw();
  }

  function place(point) {
    const [across, up] = lookAt(point.map((value, k) => value - middle[k]), view);
    const scale = view.zoom * 0.46 * Math.min(canvas.width, canvas.height) / radius;
    return [canvas.width / 2 + scale * across, canvas.height / 2 - scale * up];
  }

  function drawFloor(color) {
    if (sample.dims !== 3) return;
    const step = radius / 2;
    for (let i = -3; i <= 3; i++) {
      const [x, z] = [middle[0] + i * step, middle[2] + i * step];
      stroke(paper, [[x, floor, middle[2] - 3 * step], [x, floor, middle[2] + 3 * step]].map(place), color, 1);
      stroke(paper, [[middle[0] - 3 * step, floor, z], [middle[0] + 3 * step, floor, z]].map(place), color, 1);
    }
  }

  function drawPersons(persons, color, rim, width) {
    for (const person of persons) {
      if (!present(person, frame)) continue;
      const points = Array.from({ length: sample.joints }, (_, v) => place(joint(person, frame, v)));
      for (const [a, b] of sample.bones) stroke(paper, [points[a], points[b]], rim, width * 1.8);
      for (const [a, b] of sample.bones) stroke(paper, [points[a], points[b]], color, width);
      for (const point of points) dot(paper, point, color, width * 0.95);
    }
  }

  function draw() {
    paper = freshPaper(canvas);
    const unit = Math.min(canvas.width, canvas.height) / 150;
    drawFloor(paletteColor('line'));
    drawPersons(before, paletteColor('other'), paletteColor('ground'), unit);
    drawPersons(after, paletteColor('same'), paletteColor('ground'), unit);
    moment.value = frame;
    clock.textContent = `${(frame / sample.fps).toFixed(2)} s`;
  }

  function tick(now) {
    if (!playing) return;
    ahead += ((now - last) / 1000) * sample.fps;
    last = now;
    const whole = Math.floor(ahead);
    ahead -= whole;
    if (whole > 0) {
      frame = (frame + whole) % sample.frames;
      draw();
    }
    requestAnimationFrame(tick);
  }

  function setPlaying(value) {
    playing = value;
    play.textContent = value ? 'Pause' : 'Play';
    play.setAttribute('aria-pressed', String(value));
    if (value) {
      last = performance.now();
      ahead = 0;
      requestAnimationFrame(tick);
    }
  }

  function turn(across, up) {
    turnView(view, across, up);
    draw();
  }

  play.addEventListener('click', () => setPlaying(!playing));
  moment.addEventListener('input', () => { setPlaying(false); frame = Number(moment.value); draw(); });
  front.addEventListener('click', () => { Object.assign(view, { turn: 0, tilt: 0, zoom: 1 }); draw(); });
  sampleSelect.addEventListener('change', chooseSample);
  methodSelect.addEventListener('change', chooseMethod);
  turnByHand(canvas, view, draw);
  canvas.addEventListener('keydown', (event) => {
    const steps = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.12], ArrowDown: [0, 0.12] };
    if (event.key in steps) turn(...steps[event.key]);
    else if (event.key === ' ') setPlaying(!playing);
    else return;
    event.preventDefault();
  });
  window.addEventListener('resize', draw);
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);

  chooseSample();
  // Nothing moves by itself for those who asked for less motion.
  if (!window.matchMedia('(prefers-reduced-motion: reduce)').matches && 'IntersectionObserver' in window) {
    const seen = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        setPlaying(true);
        seen.disconnect();
      }
    }, { threshold: 0.6 });
    seen.observe(canvas);
  }
})();
