// What a demonstration would have done, in words, by what it was asked for.

/** Method, end of the path, words; $ is what the page is about. @type {[string, RegExp, string][]} */
const DONE = [
    ['POST', /\/restart$/, 'restarted $'], ['POST', /\/start$/, 'started $'], ['POST', /\/stop$/, 'stopped $'], ['POST', /\/deploys$/, 'deployed $'], ['POST', /\/rollback$/, 'rolled $ back'], ['POST', /\/cancel$/, 'cancelled it'],
    ['PUT', /\/env\//, 'written the env file of $'], ['POST', /\/restore$/, 'restored it'], ['GET', /\/env\//, 'shown the secret'], ['POST', /\/enrolments$/, 'made the line for a new host'], ['POST', /\/grants$/, 'given access to $'], ['DELETE', /\/grants\//, 'taken the access back'],
    ['POST', /\/check$/, 'checked it now'], ['POST', /\/test$/, 'sent a test'], ['POST', /\/monitors\/bulk$/, 'changed the monitors'], ['POST', /\/ack$/, 'acknowledged the incident'], ['POST', /\/resolve$/, 'resolved the incident'], ['POST', /\/comments$/, 'added the comment'], ['POST', /\/resend$/, 'sent it again'],
    ['PATCH', /./, 'saved $'], ['PUT', /./, 'saved $'], ['DELETE', /./, 'deleted it'], ['POST', /./, 'saved it'],
];

/** @param {string} method @param {string} path @param {string} name of what the page is about */
export function wouldHave(method, path, name) {
    const words = DONE.find(([verb, end]) => verb === method && end.test(path))?.[2] ?? 'changed something';
    return `Demo: would have ${words.replace('$', name || 'it')}`;
}
