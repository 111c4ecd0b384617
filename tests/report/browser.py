#!/usr/bin/env python3
"""browser.py CHROMIUM NRPROF OUT     the report of nrprof diff in a real browser

Makes two recordings, writes the report, opens it from the disk in headless Chromium (DevTools protocol over a pipe, so nothing
but Python is needed), in light and in dark, and uses it. Screenshots and the report stay in OUT. One line for each check; the last
line is "N passed, N failed, 0 skipped"."""
import base64, itertools, json, os, signal, subprocess, sys, tempfile

chromium, nrprof, out = sys.argv[1:4]
passed = failed = 0

def check(what, ok, seen=''):
    global passed, failed
    if ok: passed += 1; print('PASS', what)
    else: failed += 1; print('FAIL', what, seen)

# ---- two recordings: 600 methods in three assemblies, of which five are not identical

def setil(assembly, token, kind, method, value, string=0x70000001):
    # ldstr, pop, ldc.i4 value, pop, ret in a tiny body
    il = bytes([13 << 2 | 2, 0x72]) + string.to_bytes(4, 'little') + bytes([0x26, 0x20]) + value.to_bytes(4, 'little') + bytes([0x26, 0x2a, 0])
    return {'ev': 'setil', 'via': 'rejit', 'asm': assembly, 'type': kind, 'method': method, 'tok': '%08x' % token, 'hr': '00000000',
            'size': len(il), 'tk': [2], 'fid': [], 'il': il.hex()}

def recording(name, b):
    lines = [{'ev': 'recording', 'format': 1, 'process': '/usr/bin/dotnet', 'profiler': '/opt/cpp.so' if not b else 'self'},
             {'ev': 'mask', 'low': 'b0040224', 'high': '00000008' if not b else '00000000', 'hr': '00000000'}]
    for a in ('Contoso.Shop', 'Contoso.Data', 'Contoso.Web'):
        lines.append({'ev': 'tok', 'asm': a, 'tok': '70000001', 'is': '"NewRelic.Agent.Core.AgentShim"'})
        lines.append({'ev': 'tok', 'asm': a, 'tok': '70000009', 'is': '"NewRelic.Agent.Core.AgentShim"'})
        for i in range(1, 201):
            if a == 'Contoso.Web' and i == 7 and b: continue
            if a == 'Contoso.Web' and i == 8 and not b: continue
            odd = b and a == 'Contoso.Data' and i in (3, 4)
            method = '</script><img src=x onerror=alert(1)>' if a == 'Contoso.Data' and i == 4 else 'Method%d' % i
            string = 0x70000009 if b and a == 'Contoso.Shop' and i == 5 else 0x70000001
            lines.append(setil(a, 0x06000000 + i, a + '.Cart', method, 1 + odd, string))
    lines.append({'ev': 'exit', 'jit_ms': 52.9, 'rejit_ms': 1356.2 - b, 'module_ms': 13.5})
    path = os.path.join(out, name)
    with open(path, 'w') as f: f.writelines(json.dumps(l) + '\n' for l in lines)
    return path

os.makedirs(out, exist_ok=True)
page = os.path.realpath(os.path.join(out, 'report.html'))
r = subprocess.run([nrprof, 'diff', '--html', page, recording('a.jsonl', 0), recording('b.jsonl', 1)], capture_output=True, text=True)
check('nrprof diff writes the report and finds differences', r.returncode == 1 and os.path.exists(page), r.stderr)

# ---- the browser

class Browser:
    def __init__(self, profile):
        down_r, down_w = os.pipe(); up_r, up_w = os.pipe()
        for fd in (down_r, up_w): os.set_inheritable(fd, True)
        arguments = [chromium, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars', '--no-first-run',
                     '--disable-background-networking', '--user-data-dir=' + profile, '--remote-debugging-pipe', 'about:blank']
        # the browser reads from 3 and writes to 4
        self.process = subprocess.Popen(['sh', '-c', 'exec "$@" 3<&%d 4>&%d' % (down_r, up_w), 'sh'] + arguments, close_fds=False,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(down_r); os.close(up_w)
        self.to, self.back, self.ids, self.events, self.session = os.fdopen(down_w, 'wb'), os.fdopen(up_r, 'rb'), itertools.count(1), [], None
        self.rest = b''

    def receive(self):
        while b'\0' not in self.rest:
            piece = self.back.read1(65536)
            if not piece: raise RuntimeError('the browser ended')
            self.rest += piece
        text, self.rest = self.rest.split(b'\0', 1)
        return json.loads(text)

    def call(self, method, **params):
        number = next(self.ids)
        message = {'id': number, 'method': method, 'params': params}
        if self.session: message['sessionId'] = self.session
        self.to.write(json.dumps(message).encode() + b'\0'); self.to.flush()
        while True:
            answer = self.receive()
            if answer.get('id') == number:
                if 'error' in answer: raise RuntimeError('%s: %s' % (method, answer['error']))
                return answer['result']
            self.events.append(answer)

    def wait(self, method):
        while not any(e.get('method') == method for e in self.events): self.events.append(self.receive())

    def js(self, expression):
        result = self.call('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result: raise RuntimeError(expression + ': ' + json.dumps(result['exceptionDetails'])[:300])
        return result['result'].get('value')

    def open(self, url, scheme):
        self.events.clear()
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': scheme}])
        self.call('Page.navigate', url=url)
        self.wait('Page.loadEventFired')

    def picture(self, name):
        height = self.js('document.documentElement.scrollHeight')
        self.call('Emulation.setDeviceMetricsOverride', width=1280, height=min(height, 2400), deviceScaleFactor=1, mobile=False)
        data = self.call('Page.captureScreenshot', format='png')['data']
        with open(os.path.join(out, name), 'wb') as f: f.write(base64.b64decode(data))

# A dialog, for one, keeps the browser from answering.
def too_long(*_): raise RuntimeError('it takes too long')
signal.signal(signal.SIGALRM, too_long)
signal.alarm(90)

def seen(browser, method): return [e['params'] for e in browser.events if e.get('method') == method]

with tempfile.TemporaryDirectory() as profile:
    b = Browser(profile)
    try:
        target = b.call('Target.createTarget', url='about:blank')['targetId']
        b.session = b.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'): b.call(domain + '.enable')
        b.call('Emulation.setDeviceMetricsOverride', width=1280, height=1000, deviceScaleFactor=1, mobile=False)
        url = 'file://' + page
        back = {}
        for scheme in ('light', 'dark'):
            b.open(url, scheme)
            back[scheme] = b.js('getComputedStyle(document.body).backgroundColor')
            text = b.js('document.body.innerText')
            check(scheme + ': the verdict is said', '5 method bodies are not identical, 1 event differs' in text, text[:200])
            check(scheme + ': the counts are there', b.js('[...document.querySelectorAll(".tile b")].map(e => e.textContent).join()') == '595,1,2,1,1,1',
                  b.js('[...document.querySelectorAll(".tile b")].map(e => e.textContent).join()'))
            check(scheme + ': three assemblies with bars', b.js('document.querySelectorAll(".assembly .bar i").length') == 7,
                  b.js('document.querySelectorAll(".assembly .bar i").length'))
            contrast = b.js('''(() => { const n = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number).map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
              const s = getComputedStyle(document.querySelector("section")), p = n(s.color), q = n(s.backgroundColor);
              return (Math.max(p, q) + 0.05) / (Math.min(p, q) + 0.05); })()''')
            check(scheme + ': text is readable (contrast %.1f)' % contrast, contrast >= 7)
            b.js('document.querySelectorAll("#methods details").forEach((d) => { d.open = true; })')
            b.js('new Promise((r) => setTimeout(r, 100))')
            b.picture('report-%s.png' % scheme)
        check('light is light and dark is dark', back['light'] != back['dark'], back)
        b.js('document.getElementById("theme").click()')
        check('the button changes the theme', b.js('getComputedStyle(document.body).backgroundColor') == back['light'])

        rows = 'document.querySelectorAll("#methods .method").length'
        check('what is not identical is listed', b.js(rows) == 5, b.js(rows))
        first = b.js('[...document.querySelectorAll("#methods .sides .first")].map(e => e.innerText.trim()).join("|")')
        check('the first difference is marked on both sides', 'ldc.i4 1' in first and 'ldc.i4 2' in first, first)
        check('names are text, not markup', b.js('document.querySelectorAll("#methods img").length') == 0 and
              '</script><img src=x onerror=alert(1)>' in b.js('document.getElementById("methods").innerText'))

        b.js('document.getElementById("filter").focus()')
        b.call('Input.insertText', text='web METHOD7')
        check('the filter finds a method by words in any case', b.js(rows) == 1 and 'Method7' in b.js('document.getElementById("methods").innerText'))
        b.js('[...document.querySelectorAll("#chips button")].find(e => e.textContent.startsWith("identical")).click()')
        check('identical methods can be asked for, too', b.js(rows) == 1 + 10, b.js(rows)) # and 70 to 79
        b.js('{ const f = document.getElementById("filter"); f.value = ""; f.dispatchEvent(new Event("input")); }')
        check('a long list is cut and says so', b.js(rows) == 300 and '300 more' in b.js('document.getElementById("methods").innerText'), b.js(rows))
        b.call('Input.insertText', text='nothing like this')
        check('what is not there is said', b.js('document.getElementById("methods").innerText') == 'no method fits')

        problems = [e for m in ('Runtime.exceptionThrown', 'Runtime.consoleAPICalled', 'Log.entryAdded') for e in seen(b, m)]
        check('no error and no word in the console', not problems, json.dumps(problems)[:300])
        asked = {e['request']['url'] for e in seen(b, 'Network.requestWillBeSent')}
        check('nothing but the file itself is loaded', asked and all(u == url or u.startswith('data:') for u in asked), asked)
        b.session = None
        b.call('Browser.close')
    except Exception as e:
        check('the browser does as it is told', False, repr(e))
    finally:
        signal.alarm(0)
        if failed: b.process.kill()
        try: b.process.wait(20)
        except subprocess.TimeoutExpired: b.process.kill()
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.exit(failed != 0)
