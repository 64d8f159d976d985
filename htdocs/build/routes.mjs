// The pages: the folder of each, its title before JavaScript has run, and the module that shows it.
export const ROUTES = [
    { path: '', title: 'Tocsin', screen: 'landing' },
    { path: 'setup/', title: 'Set up', screen: 'setup' },
    { path: 'signin/', title: 'Sign in', screen: 'signin' },
    { path: 'signup/', title: 'Sign up', screen: 'signup' },
    { path: 'dash/', title: 'Dashboard', screen: 'dash' },
    { path: 'monitors/', title: 'Monitors', screen: 'monitors' },
    { path: 'incidents/', title: 'Incidents', screen: 'incidents' },
    { path: 'notify/', title: 'Notifications', screen: 'notify' },
    { path: 'admin/', title: 'Admin', screen: 'admin' },
    { path: 'settings/', title: 'Settings', screen: 'settings' },
];
