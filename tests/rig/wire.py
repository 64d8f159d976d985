"""wire: the cable between a machine and the bridge, and all that can be wrong with one.

Packets are dropped and refused by rules in the machine's own network namespace, so another
machine never feels them."""
import pathlib
import subprocess
import sys

from stack import host

TABLE = '''table inet rig {{
    chain in {{ type filter hook input priority 0; iif lo accept; {come}; }}
    chain out {{ type filter hook output priority 0; oif lo accept; {go}; }}
}}
'''
LATE = ['-A', 'INPUT', '!', '-i', 'lo', '-j', 'NFQUEUE', '--queue-num', '0']


class Wire:
    """
    cut() and mend() the cable; drop(come/go) all that comes to the machine or goes from it; lose a
    share of it; delay(ms) what comes; reset() answers connections; heal() ends all but a cut.
    """

    def __init__(self, name, address):
        self.name, self.address = name, address
        self.link = f'rig-{name}'[:15]
        self.there = False
        self.delayer = None

    def plug(self):
        host.run('ip', 'netns', 'add', self.name)
        host.run('ip', 'link', 'add', self.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', self.name)
        host.run('ip', 'link', 'set', self.link, 'master', 'rig0', 'up')
        host.run('ip', '-n', self.name, 'address', 'add', f'{self.address}/24', 'dev', 'eth0')
        host.run('ip', '-n', self.name, 'link', 'set', 'lo', 'up')
        host.run('ip', '-n', self.name, 'link', 'set', 'eth0', 'up')
        self.there = True

    def inside(self, *words):
        return ['nsenter', f'--net=/run/netns/{self.name}', *words]

    def rules(self, come='accept', go='accept'):
        host.run(*self.inside('nft', '-f', '-'),
                 input='table inet rig {}\ndelete table inet rig\n' + TABLE.format(come=come, go=go))

    def cut(self):
        """The cable is pulled."""
        host.run('ip', 'link', 'set', self.link, 'down')

    def mend(self):
        host.run('ip', 'link', 'set', self.link, 'up')

    def drop(self, come=False, go=False):
        """One way, or both: what is sent is lost, and nobody says so."""
        self.rules('drop' if come else 'accept', 'drop' if go else 'accept')

    def lose(self, percent):
        """Of what comes and of what goes."""
        rule = f'numgen random mod 100 < {percent} drop'
        self.rules(rule, rule)

    def reset(self):
        """Whoever speaks TCP to the machine is told to stop."""
        self.rules('meta l4proto tcp reject with tcp reset')

    def delay(self, ms, jitter=0):
        """What comes is so many milliseconds late."""
        self.delayer = subprocess.Popen(
            self.inside(sys.executable, '-B', str(pathlib.Path(__file__).parent / 'delay.py'), str(ms), str(jitter)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.delayer.stdout.readline() == 'ready\n', 'the kernel has no NFQUEUE'
        host.run(*self.inside('iptables', *LATE))  # nft's own `queue` is not in every kernel

    def heal(self):
        if not self.there:
            return
        host.run(*self.inside('nft', '-f', '-'), input='table inet rig {}\ndelete table inet rig\n')
        if self.delayer:
            host.run(*self.inside('iptables', '-D', *LATE[1:]))
            self.delayer.communicate()  # its standard input ends, and so does it
            self.delayer = None

    def close(self):
        if self.there:
            self.heal()
            host.run('ip', 'netns', 'del', self.name)
            self.there = False
