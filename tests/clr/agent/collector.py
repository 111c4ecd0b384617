#!/usr/bin/env python3
"""collector.py serve DIRECTORY   a collector for one agent: answers what it is asked over TLS (DIRECTORY/cert.pem, key.pem), hands out one
                                  rule as live instrumentation, writes its port to DIRECTORY/port and what it gets to DIRECTORY/got.jsonl
collector.py metrics DIRECTORY    the names of the metrics it got, "name [scope]", sorted"""
import http.server, json, ssl, sys, urllib.parse, zlib

LIVE = '''<?xml version="1.0"?><extension xmlns="urn:newrelic-extension"><instrumentation><tracerFactory metricName="Custom/Live">
<match assemblyName="Clr.AgentProbe" className="Contoso.Shop"><exactMethodMatcher methodName="Live"/></match></tracerFactory></instrumentation></extension>'''
CONNECT = {'agent_run_id': '1', 'apdex_t': 0.5, 'collect_errors': True, 'collect_traces': True, 'collect_error_events': True,
           'collect_analytics_events': True, 'collect_span_events': True, 'collect_custom_events': True, 'data_report_period': 60,
           'account_id': '1', 'application_id': '2', 'primary_application_id': '2', 'trusted_account_key': '1', 'browser_key': 'k', 'beacon': 'b',
           'error_beacon': 'e', 'js_agent_loader': '//loader', 'browser_monitoring.loader': 'rum',
           'instrumentation': [{'name': 'live_instrumentation', 'config': LIVE}]}
ANSWERS = {'preconnect': {'redirect_host': 'localhost'}, 'connect': CONNECT, 'get_agent_commands': []}

def serve(directory):
    got = open(directory + '/got.jsonl', 'w')
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = 'HTTP/1.1'
        def log_message(self, *args): pass
        def do_POST(self):
            method = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query)).get('method')
            body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
            if self.headers.get('Content-Encoding'): body = zlib.decompress(body, zlib.MAX_WBITS | 32 if self.headers['Content-Encoding'] == 'gzip' else zlib.MAX_WBITS)
            got.write(json.dumps([method, body.decode('utf-8', 'replace')]) + '\n')
            got.flush()
            answer = json.dumps({'return_value': ANSWERS.get(method)}).encode()
            self.send_response(200)
            self.send_header('Content-Type', 'application/json')
            self.send_header('Content-Length', str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)
        do_PUT = do_POST
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory + '/cert.pem', directory + '/key.pem')
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(directory + '/port', 'w') as f: f.write(str(server.server_address[1]))
    server.serve_forever()

def metrics(directory):
    names = set()
    for line in open(directory + '/got.jsonl'):
        method, body = json.loads(line)
        if method == 'metric_data': names |= {' '.join([m[0]['name'], m[0].get('scope', '')]).strip() for m in json.loads(body)[3]}
    print('\n'.join(sorted(names)))

{'serve': serve, 'metrics': metrics}[sys.argv[1]](sys.argv[2])
