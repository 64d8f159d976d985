// Runs before the first paint, so that a chosen theme never flashes.
(function () {
    var theme = /(?:^|; )tocsin_theme=(light|dark)/.exec(document.cookie);
    var calm = /(?:^|; )tocsin_motion=none/.test(document.cookie);
    if (theme) document.documentElement.dataset.theme = theme[1];
    if (calm) document.documentElement.dataset.motion = 'none';
})();
