// The pages: the folder of each, its title before JavaScript has run, and the module that shows it.
export const ROUTES = [
    { path: '', title: 'Tocsin', screen: 'landing' },
    { path: 'setup/', title: 'Set up', screen: 'setup' },
    { path: 'signin/', title: 'Sign in', screen: 'signin' },
    { path: 'signup/', title: 'Sign up', screen: 'signup' },
    { path: 'dash/', title: 'Dashboard', screen: 'dash', frame: true },
    { path: 'monitors/', title: 'Monitors', screen: 'monitors', frame: true },
    { path: 'incidents/', title: 'Incidents', screen: 'incidents', frame: true },
    { path: 'maintenance/', title: 'Maintenance', screen: 'maintenance', frame: true },
    { path: 'hosts/', title: 'Hosts', screen: 'hosts', frame: true },
    { path: 'apps/', title: 'Apps', screen: 'apps', frame: true },
    { path: 'notify/', title: 'Notifications', screen: 'notify', frame: true },
    { path: 'pages/', title: 'Status pages', screen: 'pages', frame: true },
    { path: 'admin/', title: 'Admin', screen: 'admin', frame: true },
    { path: 'settings/', title: 'Settings', screen: 'settings', frame: true },
];
