// Copyright (c) mmskanon authors. Licensed under Apache-2.0.
// Browsers start no worker from a page that was opened from the disk, and the search runs in one. There, and only there, a hidden frame
// does the work instead: it takes and gives messages like a worker.
if (location.protocol === 'file:') {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      const frame = document.createElement('iframe');
      frame.hidden = true;
      frame.addEventListener('load', () => {
        if (this.inside) return;
        this.inside = frame.contentWindow;
        this.inside.postMessage = (data) => this.deliver(this, window, data);
        const script = frame.contentDocument.createElement('script');
        script.addEventListener('load', () => {
          this.ready = true;
          this.waiting.splice(0).forEach((data) => this.postMessage(data));
        });
        script.src = String(url);
        frame.contentDocument.body.append(script);
      });
      frame.srcdoc = '<!doctype html><body></body>';
      document.documentElement.append(frame);
    }

    postMessage(data) {
      if (!this.ready) this.waiting.push(data);
      else this.deliver(this.inside, this.inside, data);
    }

    // As between a page and its worker, the other side goes on only after this one.
    deliver(target, realm, data) {
      setTimeout(() => target.dispatchEvent(new realm.MessageEvent('message', { data })));
    }

    terminate() {}
  };
}
