#!/usr/bin/python3
"""Makes the files in this folder again: python3 make.py [FOLDER]

Those named office* are saved by LibreOffice Calc (Debian: libreoffice-calc python3-uno); without it they stay as they are. The
others are written here byte by byte, because no program writes them on demand.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile

FOLDER = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
REL = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

# In each encoding: a table that only it, or few others, can decode.
TEXTS = {
    'windows-1252': 'name,email\r\nJosé Müller – Büro,jose@example.com\r\nZoë “Zo” Œuvre,zoe@example.com\r\n',
    'windows-1250': 'name,email\r\nŁukasz Żak,lukasz@example.com\r\nJiří Dvořák,jiri@example.com\r\n',
    'windows-1251': 'name,email\r\nАнна Иванова,anna@example.com\r\nПётр Чехов,petr@example.com\r\n',
    'windows-1254': 'name,email\r\nAyşe Yıldız,ayse@example.com\r\nİbrahim Güneş,ibrahim@example.com\r\n',
    'windows-1256': 'name,email\r\nفاطمة الزهراء,fatima@example.com\r\nأحمد علي,ahmad@example.com\r\n',
    'shift_jis': 'name,email\r\n山田 太郎,taro@example.com\r\n表計算,hyo@example.com\r\n',
    'gb18030': 'name,email\r\n王小明,wang@example.com\r\n李娜,li@example.com\r\n',
}


def write(name, data):
    with open(os.path.join(FOLDER, name), 'wb') as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def texts():
    for encoding, text in TEXTS.items():
        write(f'{encoding}.csv', text.encode(encoding.replace('windows-', 'cp')))
    umlauts = TEXTS['windows-1252']
    write('utf-8.csv', umlauts)
    write('utf-8-mark.csv', b'\xef\xbb\xbf' + umlauts.encode())
    write('utf-16le-mark.csv', b'\xff\xfe' + umlauts.encode('utf-16-le'))
    write('utf-16be-mark.csv', b'\xfe\xff' + umlauts.encode('utf-16-be'))
    write('utf-16le.csv', umlauts.encode('utf-16-le'))
    write('utf-16be.csv', umlauts.encode('utf-16-be'))
    write('semicolon-decimals.csv', 'Firma;Umsatz;E-Mail\nAlpha;1,5;a@example.com\nBeta;2,75;b@example.com\n')
    write('tabs.tsv', 'name\temail\tnote\nAda\tada@example.com\t"tab\there, comma"\nBob\tbob@example.com\tx;y\n')
    write('pipes.txt', 'name|email\nAda, Countess|ada@example.com\nBob|bob@example.com\n')
    write('sep-semicolon.csv', 'sep=;\r\nname;email\r\nAda;ada@example.com\r\n')
    write('sep-pipe-wrong.csv', 'sep=^\r\nname^email\r\nAda^ada@example.com\r\n')
    write('returns.csv', 'name,email\rAda,ada@example.com\rBob,bob@example.com\r')
    write('blank-rows-columns.csv', 'name,,email,,\n\nAda,,ada@example.com,,\n,,,,\n  ,,\u00a0,,\nBob,,bob@example.com,,\n')
    write('no-header.csv', 'Ada Lovelace,ada@example.com,+44 20 7946 0000\nBob Bly,bob@example.com,+44 20 7946 0001\n')
    write('title-above.csv', 'Partners 2026,,\n,,\nName,E-mail,Phone\nAda,ada@example.com,123\nBob,bob@example.com,456\n')
    write('twice.csv', 'Email,Email,,email\na@example.com,b@example.com,c,d@example.com\n')
    write('header-only.csv', 'name,email\n')
    write('unclosed.csv', 'name,email\nA,a@example.com\n"B,b@example.com\nC,c@example.com\n')
    write('nuls.csv', bytes(4096))
    write('page.xls', '<html><body><table><tr><td>name</td></tr></table></body></html>\n')
    write('spreadsheet-2003.xls', HEAD + '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>\n')
    write('note.rtf', '{\\rtf1\\ansi name}\n')
    write('contacts.vcf', 'BEGIN:VCARD\nVERSION:3.0\nFN:Ada\nEND:VCARD\n')
    write('rows.ndjson', '{"name":"Ada","tags":["vip","eu"],"metadata":{"region":"EU","rank":1.50}}\n\n'
          '{"email":"b@example.com","name":"Bob","active":true,"phone":null}\n{"name":"Deep","a":{"b":{"c":1}}}\n')
    write('rows.json', '[\n {"name": "Ada", "metadata": {"region": "EU"}},\n {"email": "b@example.com", "n": 1e3},\n {}\n]\n')
    write('object.json', '{\n "partners": [{"name": "Ada"}]\n}\n')
    write('object-line.json', '{"partners": [{"name": "Ada"}]}\n')
    write('arrays.json', '[["name", "email"], ["Ada", "ada@example.com"]]\n')


def package(name, sheets, extra=()):
    """A workbook of sheets [(name, state, sheetData and what stands before it)] and of further parts."""
    with zipfile.ZipFile(os.path.join(FOLDER, name), 'w', zipfile.ZIP_DEFLATED) as file:
        def part(path, text):
            file.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), HEAD + text, zipfile.ZIP_DEFLATED)
        part('[Content_Types].xml', f'<Types xmlns="{PACKAGE}/content-types">'
             '<Default Extension="xml" ContentType="application/xml"/></Types>')
        part('_rels/.rels', f'<Relationships xmlns="{PACKAGE}/relationships">'
             f'<Relationship Id="r1" Type="{REL}/officeDocument" Target="/xl/workbook.xml"/></Relationships>')
        part('xl/workbook.xml', f'<workbook xmlns="{MAIN}" xmlns:r="{REL}"><sheets>' + ''.join(
            f'<sheet name="{sheet}" sheetId="{i + 1}" state="{state}" r:id="r{i + 1}"/>'
            for i, (sheet, state, _) in enumerate(sheets)) + '</sheets></workbook>')
        related = [(f'r{i + 1}', 'worksheet', f'worksheets/sheet{i + 1}.xml') for i in range(len(sheets))]
        related += [('s', 'sharedStrings', 'sharedStrings.xml'), ('t', 'styles', 'styles.xml')]
        part('xl/_rels/workbook.xml.rels', f'<Relationships xmlns="{PACKAGE}/relationships">' + ''.join(
            f'<Relationship Id="{i}" Type="{REL}/{kind}" Target="{target}"/>' for i, kind, target in related) + '</Relationships>')
        for i, (_, _, data) in enumerate(sheets):
            part(f'xl/worksheets/sheet{i + 1}.xml', f'<worksheet xmlns="{MAIN}">{data}</worksheet>')
        for path, text in extra:
            part(path, text)


def workbooks():
    strings = f'''<sst xmlns="{MAIN}"><si><t>name</t></si><si><t>phone</t></si><si><t>seen</t></si><si><t>note</t></si>
<si><r><t>東</t></r><r><rPr><b/></rPr><t xml:space="preserve">京 </t></r><rPh sb="0" eb="1"><t>トウ</t></rPh><phoneticPr fontId="1"/></si>
<si><t>two_x000D_
lines &amp; more</t></si></sst>'''
    styles = f'''<styleSheet xmlns="{MAIN}"><numFmts count="3"><numFmt numFmtId="164" formatCode="dd\\.mm\\.yyyy"/>
<numFmt numFmtId="165" formatCode="00000"/><numFmt numFmtId="166" formatCode="[$-409]d\\-mmm\\-yy\\ h:mm\\ AM/PM;@"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="164"/>
<xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="20"/><xf numFmtId="46"/></cellXfs></styleSheet>'''
    data = '''<dimension ref="A1:H9"/><sheetData>
<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c><c r="D1" t="s"><v>3</v></c></row>
<row r="2"><c r="A2" t="s"><v>4</v></c><c r="B2"><v>4412345678901</v></c><c r="C2" s="1"><v>45000</v></c><c r="D2" t="s"><v>5</v></c></row>
<row r="3" hidden="1"><c r="A3" t="inlineStr"><is><t>Inline &lt;Ada&gt;</t></is></c><c r="B3"><v>4.4123456789010001E+12</v></c>
<c r="C3" s="2"><v>45000.75</v></c><c r="D3" t="b"><v>1</v></c></row>
<row r="5"><c r="A5" t="str"><f>"a"&amp;"b"</f><v>ab</v></c><c r="B5" s="4"><v>123</v></c><c r="C5" s="3"><v>59</v></c><c r="D5" t="e"><v>#N/A</v></c></row>
<row><c><v>0.1</v></c><c><v>0.30000000000000004</v></c><c s="5"><v>45000.5</v></c><c t="b"><v>0</v></c></row>
<row r="7"><c r="A7" t="inlineStr"><is><t><![CDATA[C & D]]></t></is></c><c r="B7"><v>1.2345678901234567E+20</v></c><c r="C7" s="6"><v>0.5</v></c>
<c r="D7" t="d"><v>2026-01-31</v></c></row>
<row r="8"><c r="A8" s="1"/></row>
<row r="9"><c r="A9" t="inlineStr"><is><t>last</t></is></c><c r="C9" s="7"><v>1.5</v></c></row></sheetData>'''
    chart = '<sheetData/>'
    package('cells.xlsx', [('Secret', 'hidden', data), ('Empty', 'visible', chart), ('Cells', 'visible', data)],
            [('xl/sharedStrings.xml', strings), ('xl/styles.xml', styles)])
    package('no-rows.xlsx', [('Empty', 'visible', chart)])
    wide = ''.join(f'<c t="inlineStr"><is><t>c{i}</t></is></c>' for i in range(10_000))
    package('wide.xlsx', [('Wide', 'visible', f'<sheetData><row r="1">{wide}</row></sheetData>')])
    with zipfile.ZipFile(os.path.join(FOLDER, 'plain.zip'), 'w') as file:
        file.writestr(zipfile.ZipInfo('partners.csv', (2026, 1, 1, 0, 0, 0)), 'name\nAda\n')


OFFICE = '''<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" office:version="1.3"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
 xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles><number:date-style style:name="N1"><number:day number:style="long"/><number:text>.</number:text>
<number:month number:style="long"/><number:text>.</number:text><number:year number:style="long"/></number:date-style>
<style:style style:name="d" style:family="table-cell" style:data-style-name="N1"/></office:automatic-styles>
<office:body><office:spreadsheet>%s</office:spreadsheet></office:body></office:document>'''


def office_table(name, rows):
    def cell(value):
        if isinstance(value, bool):
            return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(value).lower()}"/>'
        if isinstance(value, (int, float)):
            return f'<table:table-cell office:value-type="float" office:value="{value}"/>'
        if value.startswith('date:'):
            return f'<table:table-cell table:style-name="d" office:value-type="date" office:date-value="{value[5:]}"/>'
        if value.startswith('='):
            return f'<table:table-cell table:formula="of:{value}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>' if value else '<table:table-cell/>'
    return f'<table:table table:name="{name}">' + ''.join(
        '<table:table-row' + (' table:visibility="filter"' if row[0] == 'hidden' else '') + '>'
        + ''.join(cell(value) for value in (row[1:] if row[0] == 'hidden' else row)) + '</table:table-row>' for row in rows) + '</table:table>'


def office():
    if not shutil.which('soffice'):
        print('LibreOffice is not installed; the files named office* stay as they are.')
        return
    import uno
    from com.sun.star.beans import NamedValue, PropertyValue
    source = os.path.join(tempfile.mkdtemp(), 'partners.fods')
    rows = [['Name', 'E-mail', 'Phone', 'Since', 'Active', 'Sum'],
            ['Ada Lovelace', 'ada@example.com', 4412345678901, 'date:2024-02-29', True, '=[.C2]+1'],
            ['hidden', 'José Müller', 'jose@example.com', 123, 'date:1999-12-31', False, '=1/0'],
            ['', '', '', '', '', ''],
            ['王小明', 'wang@example.com', 0.5, 'date:2026-01-01', True, '=&quot;a&quot;&amp;&quot;b&quot;']]
    with open(source, 'w', encoding='utf-8') as file:
        file.write(OFFICE % (office_table('Partners', rows) + office_table('Other', [['x', 'y'], ['one', 'two']])))
    server = subprocess.Popen(['soffice', '--headless', '--norestore', '--accept=pipe,name=makeimports;urp;',
                               f'-env:UserInstallation=file://{os.path.dirname(source)}/profile'])
    try:
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext('com.sun.star.bridge.UnoUrlResolver', local)
        for _ in range(120):
            try:
                context = resolver.resolve('uno:pipe,name=makeimports;urp;StarOffice.ComponentContext')
                break
            except Exception:
                time.sleep(0.5)
        desktop = context.ServiceManager.createInstanceWithContext('com.sun.star.frame.Desktop', context)

        def option(name, value):
            return PropertyValue(name, 0, value, 0)
        book = desktop.loadComponentFromURL(f'file://{source}', '_blank', 0, (option('Hidden', True),))
        book.calculateAll()
        password = uno.Any('[]com.sun.star.beans.NamedValue', (NamedValue('CryptoType', 'Standard'), NamedValue('OOXPassword', 'secret')))
        for name, filter_name, more in [
                ('office.xlsx', 'Calc MS Excel 2007 XML', []),
                ('office-password.xlsx', 'Calc MS Excel 2007 XML', [option('EncryptionData', password)]),
                ('office.xls', 'MS Excel 97', []),
                ('office.ods', 'calc8', []),
                ('office.html', 'HTML (StarCalc)', []),
                ('office.pdf', 'calc_pdf_Export', []),
                ('office-1252.csv', 'Text - txt - csv (StarCalc)', [option('FilterOptions', '59,34,1,1')]),
                ('office-utf8.csv', 'Text - txt - csv (StarCalc)', [option('FilterOptions', '44,34,76,1')])]:
            book.storeToURL(f'file://{FOLDER}/{name}', (option('FilterName', filter_name), *more))
        book.close(True)
        try:
            desktop.terminate()
        except Exception:
            pass
    finally:
        server.terminate()
        server.wait(30)


texts()
workbooks()
office()
