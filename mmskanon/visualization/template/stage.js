'use strict';
// What all pages with skeletons share: a view that is turned, tilted and zoomed by hand, and lines seen in it.

// Errors are written where a test, or a curious reader, finds them.
window.addEventListener('error', (event) => {
  document.documentElement.dataset.scriptError = event.message;
});

// A point (x right, y up, z away) as seen after a turn about the vertical axis and a tilt from above, in radians, without
// perspective: to the right, upwards, away.
function lookAt([x, y, z], view) {
  const across = Math.cos(view.turn) * x + Math.sin(view.turn) * z;
  const away = Math.cos(view.turn) * z - Math.sin(view.turn) * x;
  const up = Math.cos(view.tilt) * y + Math.sin(view.tilt) * away;
  return [across, up, Math.cos(view.tilt) * away - Math.sin(view.tilt) * y];
}

function stroke(paper, points, color, width) {
  paper.strokeStyle = color;
  paper.lineWidth = width;
  paper.beginPath();
  points.forEach(([x, y], i) => (i ? paper.lineTo(x, y) : paper.moveTo(x, y)));
  paper.stroke();
}

function dot(paper, [x, y], color, radius) {
  paper.fillStyle = color;
  paper.beginPath();
  paper.arc(x, y, radius, 0, 2 * Math.PI);
  paper.fill();
}

// A colour of the page's palette, which differs between light and dark screens.
function paletteColor(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// Give a canvas as many dots as the screen has where it stands, and wipe it.
function freshPaper(canvas) {
  const dots = window.devicePixelRatio || 1;
  const size = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.round(Math.max(side, 1) * dots));
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const paper = canvas.getContext('2d');
  paper.clearRect(0, 0, canvas.width, canvas.height);
  paper.lineCap = paper.lineJoin = 'round';
  return paper;
}

function turnView(view, across, up) {
  view.turn += across;
  view.tilt = Math.max(-Math.PI / 2, Math.min(Math.PI / 2, view.tilt + up));
}

function zoomView(view, factor) {
  view.zoom = Math.max(0.4, Math.min(8, view.zoom * factor));
}

// Turn by mouse or finger; zoom by two fingers or the wheel, the latter with Ctrl or where takesWheel() says so.
function turnByHand(canvas, view, changed, takesWheel = () => false) {
  const pointers = new Map();
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  canvas.addEventListener('pointermove', (event) => {
    const from = pointers.get(event.pointerId);
    if (!from) return;
    const to = [event.clientX, event.clientY];
    const other = [...pointers].find(([id]) => id !== event.pointerId);
    if (other) {
      const distance = (p) => Math.max(Math.hypot(p[0] - other[1][0], p[1] - other[1][1]), 1);
      zoomView(view, distance(to) / distance(from));
    } else {
      turnView(view, (to[0] - from[0]) / 180, (to[1] - from[1]) / 180);
    }
    pointers.set(event.pointerId, to);
    changed();
  });
  for (const name of ['pointerup', 'pointercancel']) {
    canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
  }
  canvas.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !takesWheel()) return;
    event.preventDefault();
    zoomView(view, Math.exp(-event.deltaY / 300));
    changed();
  }, { passive: false });
}
