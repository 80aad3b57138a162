// Small functions that need browser APIs.
window.loralab = {
  async copy(text) {
    // The clipboard API exists on secure origins only; a server in the local network usually has plain HTTP.
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }

    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    area.style.opacity = '0';
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
  },

  // What this browser keeps between visits; null where storage is denied.
  recall(name) {
    try {
      return localStorage.getItem(`loralab.${name}`);
    } catch {
      return null;
    }
  },

  remember(name, value) {
    try {
      if (value === null) {
        localStorage.removeItem(`loralab.${name}`);
      } else {
        localStorage.setItem(`loralab.${name}`, value);
      }
    } catch {
      // Private windows may deny storage; the choice then lasts as long as the page.
    }
  },

  // Calls back with the keys of a shortcut, one key or two in a row; not while something is typed, a menu or a dialog is open. "/" goes to
  // the search field, without a round trip that would lose the next key.
  watchKeys(listener, shortcuts) {
    let before = '';
    let at = 0;
    const onKey = event => {
      const target = event.target;
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || target.isContentEditable
        || target.matches?.('input:not([type=checkbox]):not([type=radio]), textarea, select')
        || document.querySelector('.mud-dialog, .mud-popover-open')) {
        before = '';
        return;
      }

      const keys = before && event.timeStamp - at < 1500 ? `${before} ${event.key}` : event.key;
      const known = shortcuts.includes(keys) ? keys : shortcuts.includes(event.key) ? event.key : null;
      [before, at] = [known ? '' : event.key, event.timeStamp];
      if (event.key === '/') {
        event.preventDefault();
        document.querySelector('.topbar-search input')?.focus();
      } else if (known) {
        event.preventDefault();
        listener.invokeMethodAsync('PressedAsync', known);
      }
    };
    document.addEventListener('keydown', onKey);
    return { stop: () => document.removeEventListener('keydown', onKey) };
  },

  focus(selector) {
    document.querySelector(selector)?.focus();
  },

  download(name, type, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  },

  // Sends files with a progress that can be followed: the browser streams them from the disk, which .NET in the page cannot.
  upload(address, train, evaluation, page) {
    return new Promise(resolve => {
      const form = new FormData();
      const other = evaluation.files[0];
      form.append(other ? 'train' : 'file', train.files[0]);
      if (other) {
        form.append('eval', other);
      }

      const request = new XMLHttpRequest();
      let aborted = false;
      request.upload.addEventListener('progress', sent => page.invokeMethodAsync('OnProgress', sent.loaded, sent.total));
      request.addEventListener('abort', () => { aborted = true; });
      request.addEventListener('loadend', () => {
        this.uploading = null;
        if (request.status === 201) {
          train.value = evaluation.value = '';
        }

        resolve({ status: request.status, body: request.responseText, aborted });
      });
      this.uploading = request;
      request.open('POST', new URL(address, document.baseURI));
      request.send(form);
    });
  },

  abortUpload() {
    this.uploading?.abort();
  },

  // Whether a WebSocket opens here. Asked before .NET opens one, because its runtime exits if the constructor throws.
  socketOpens(address, patience) {
    return new Promise(resolve => {
      let socket = null;
      const end = opens => {
        clearTimeout(timer);
        resolve(opens);
        try {
          socket?.close();
        } catch {
          // It is of no use anyway.
        }
      };
      const timer = setTimeout(() => end(false), patience);
      try {
        socket = new WebSocket(address.replace(/^http/, 'ws'));
        socket.addEventListener('open', () => end(true));
        socket.addEventListener('error', () => end(false));
        socket.addEventListener('close', () => end(false));
      } catch {
        end(false);
      }
    });
  },

  // Keeps a log scrolled to its end, unless the user has scrolled up.
  follow(element, force) {
    if (element && (force || element.scrollHeight - element.scrollTop - element.clientHeight < 120)) {
      element.scrollTop = element.scrollHeight;
    }
  },
};
