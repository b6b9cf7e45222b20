// Numbers, no drawing: what the page holds, bodies at a moment, how far joints were moved, how long bones are.
// Moments are fractions from 0 to 1 of a clip, so that clips of different lengths are compared by relative time.

// A sample as the page holds it, with its 16-bit numbers unpacked: each clip has values (M, T, V, 3).
function unpack(entry, page) {
  const letters = atob(entry.data);
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const reader = new DataView(bytes.buffer);
  const all = Int16Array.from({ length: bytes.length / 2 }, (_, i) => reader.getInt16(2 * i, true));
  let start = 0;
  const clips = entry.clips.map(({ name, frames }) => {
    const length = entry.persons * frames * page.joints.length * 3;
    start += length;
    return { name, frames, values: all.subarray(start - length, start) };
  });
  const { name, persons, step } = entry;
  return { name, persons, step, clips, frames: clips[0].frames, joints: page.joints.length, absent: page.absent };
}

function fractionOf(frame, frames) {
  return frames > 1 ? frame / (frames - 1) : 0;
}

// Joints (V, 3) of a person at a moment, between two frames of the clip if it falls there, NaN for joints that are not there; null if
// nobody is there.
function bodyAt(sample, clip, person, fraction) {
  const size = sample.joints * 3;
  const at = (frame) => {
    const first = (person * clip.frames + frame) * size;
    const values = clip.values.subarray(first, first + size);
    return values.every((v) => v === sample.absent) ? null : values;
  };
  // Rounded, so that a frame of the clip itself is met in spite of the division.
  const place = Math.round(fraction * (clip.frames - 1) * 1e6) / 1e6;
  const [low, high] = [Math.floor(place), Math.ceil(place)];
  const [before, after] = [at(low), at(high)];
  const nearest = place - low < 0.5 ? before : after;
  const shown = (v) => (v === sample.absent ? NaN : v * sample.step);
  if (!before || !after || low === high) return nearest && Float32Array.from(nearest, shown);
  return Float32Array.from(before, (v, i) => {
    if (v === sample.absent || after[i] === sample.absent) return shown(nearest[i]);
    return (v + (place - low) * (after[i] - v)) * sample.step;
  });
}

function jointOf(body, joint) {
  return body.subarray(3 * joint, 3 * joint + 3);
}

// NaN if one of the two is not there.
function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function known(value) {
  return value !== null && !Number.isNaN(value);
}

// For each frame of the original how far each joint of a person was moved, NaN if one of the two is absent, or null if a body is.
function displacements(sample, clip, person) {
  return Array.from({ length: sample.frames }, (_, frame) => {
    const fraction = fractionOf(frame, sample.frames);
    const before = bodyAt(sample, sample.clips[0], person, fraction);
    const after = bodyAt(sample, clip, person, fraction);
    if (!before || !after) return null;
    return Float32Array.from({ length: sample.joints }, (_, v) => distance(jointOf(before, v), jointOf(after, v)));
  });
}

// For each frame of the original the length of a bone of a person, or null.
function boneLengths(sample, clip, person, [a, b]) {
  return Array.from({ length: sample.frames }, (_, frame) => {
    const body = bodyAt(sample, clip, person, fractionOf(frame, sample.frames));
    const length = body && distance(jointOf(body, a), jointOf(body, b));
    return known(length) ? length : null;
  });
}

function mean(values) {
  const found = [...values].filter(known);
  return found.length ? found.reduce((sum, value) => sum + value, 0) / found.length : null;
}

function deviation(values) {
  const middle = mean(values);
  if (middle === null) return null;
  return Math.sqrt(mean(values.map((value) => (value === null ? null : (value - middle) ** 2))));
}

// The box (low, high) that holds every body of the sample.
function boxOf(sample) {
  const low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (const clip of sample.clips) {
    for (let i = 0; i < clip.values.length; i++) {
      const value = clip.values[i];
      if (value === sample.absent) continue;
      low[i % 3] = Math.min(low[i % 3], value * sample.step);
      high[i % 3] = Math.max(high[i % 3], value * sample.step);
    }
  }
  return [low, high];
}
