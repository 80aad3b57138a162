// Notices of the browser when a run ends. Permission is asked for only when the user turns them on.
(() => {
  const key = 'loralab.notices';
  const supported = () => 'Notification' in window && window.isSecureContext;
  const stored = () => {
    try {
      return localStorage.getItem(key) === 'on';
    } catch {
      return false;
    }
  };
  const store = on => {
    try {
      if (on) {
        localStorage.setItem(key, 'on');
      } else {
        localStorage.removeItem(key);
      }
    } catch {
      // Private windows may deny storage; notices then stay off after a reload.
    }
  };
  const choice = () => {
    if (!supported()) {
      return 'unsupported';
    }

    if (Notification.permission === 'denied') {
      return 'denied';
    }

    return stored() && Notification.permission === 'granted' ? 'on' : 'off';
  };

  window.loralabNotices = {
    choice,
    async enable() {
      if (supported() && Notification.permission === 'default') {
        await Notification.requestPermission();
      }

      store(supported() && Notification.permission === 'granted');
      return choice();
    },
    disable() {
      store(false);
      return choice();
    },
    show(title, text, path) {
      // Several tabs show one notice: those with the same tag replace each other.
      const notice = new Notification(title, { body: text, tag: `loralab:${path}` });
      notice.onclick = () => {
        window.focus();
        window.location.assign(new URL(path, document.baseURI));
        notice.close();
      };
    },
  };
})();
