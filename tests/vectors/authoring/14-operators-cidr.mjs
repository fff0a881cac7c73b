import { conditionTopic, kindsBut, wrongCondition, x } from './conditions.mjs';

const c = (...networks) => x('cidr', networks);

export default conditionTopic('operators: cidr', 'Strict IPv4 and RFC 4291 IPv6. IPv4-mapped addresses and networks count as IPv4; otherwise families never match each other.', [
  [c('10.0.0.0/8'), [
    ['10.1.2.3', true], ['10.0.0.0', true], ['10.255.255.255', true], ['11.0.0.0', false], ['9.255.255.255', false],
    ['010.1.2.3', false], ['10.01.2.3', false], ['10.1.2', false], ['10.1.2.3.4', false], ['10.1.2.256', false], ['10.1.2.-1', false], ['10.1.2.3/32', false], [' 10.1.2.3', false], ['10.1.2.3 ', false],
    ['10.1.2.', false], ['0x0a.1.2.3', false], ['167838211', false], ['', false], ['１0.1.2.3', false], ['10.1.2.3\n', false], ['10.1.2.+3', false],
    ['::ffff:10.1.2.3', true], ['::FFFF:a01:203', true], ['0:0:0:0:0:ffff:10.255.255.255', true], ['::ffff:11.0.0.0', false], ['::10.1.2.3', false], ['::fffe:10.1.2.3', false], ['::1:ffff:10.1.2.3', false], ['64:ff9b::10.1.2.3', false], ['::ffff:010.1.2.3', false], ...kindsBut('text'), ['text', false],
  ]],
  [c('192.168.1.77/24'), [['192.168.1.0', true], ['192.168.1.255', true], ['192.168.2.0', false]]],
  [c('0.0.0.0/0'), [['255.255.255.255', true], ['0.0.0.0', true], ['::', false], ['::ffff:1.2.3.4', true], ['::1.2.3.4', false]]],
  [c('1.2.3.4/32'), [['1.2.3.4', true], ['1.2.3.5', false]]],
  [c('1.2.3.4/31'), [['1.2.3.5', true], ['1.2.3.6', false], ['1.2.3.3', false]]],
  [c('128.0.0.0/1'), [['200.0.0.1', true], ['127.255.255.255', false]]],
  [c('10.0.0.0/8', '192.168.0.0/16', 'fd00::/8'), [['192.168.9.9', true], ['10.0.0.1', true], ['fd12::1', true], ['172.16.0.1', false], ['fe80::1', false]]],
  [c(), [['10.0.0.1', false]]],
  [{ not: c('10.0.0.0/8') }, [['11.0.0.1', true], ['nonsense', true], [7, true], [{ context: {} }, true], ['10.0.0.1', false]]],
  [c('2001:db8::/32'), [
    ['2001:db8::1', true], ['2001:DB8::1', true], ['2001:0db8:0:0:0:0:0:1', true], ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', true], ['2001:db9::', false], ['2001:db8::1.2.3.4', true], ['2001:db8:1:2:3:4:5:6', true], ['2001:db8:1:2:3:4:5::', true],
    ['2001:db8::1%eth0', false], ['[2001:db8::1]', false], ['2001:db8::1::2', false], ['2001:db8:1:2:3:4:5', false], ['2001:db8:1:2:3:4:5:6:7', false], ['2001:db8:1:2:3:4:5:6::', false], ['2001:db8::2:3:4:5:6', true], ['2001:db8:1::2:3:4:5:6', false],
    ['2001:0db80::1', false], ['2001:db8:::1', false], [':2001:db8::1', false], ['2001:db8::1:', false], ['2001:db8::g', false], ['2001:db8::1.2.3', false], ['2001:db8::1.2.3.04', false], ['2001:db8::1.2.3.4:5', false], ['2001:db8:1.2.3.4::', false], ['2001:db8::256.1.1.1', false],
    ['2001:db8::/32', false], ['2001:db8::1/128', false],
  ]],
  [c('::/0'), [['::', true], ['::1', true], ['::ffff:1.2.3.4', false], ['::1.2.3.4', true], ['::fffe:1.2.3.4', true], ['1::', true], ['1.2.3.4', false], [':', false], [':::', false], ['', false]]],
  [c('::1/128'), [['::1', true], ['0:0:0:0:0:0:0:1', true], ['::0.0.0.1', true], ['::2', false], ['0::1', true], ['::01', true], ['::00001', false]]],
  [c('::ffff:10.0.0.0/104'), [['::ffff:10.1.2.3', true], ['::ffff:a01:203', true], ['::ffff:11.0.0.0', false], ['10.1.2.3', true], ['11.0.0.0', false]]],
  [c('::ffff:0:0/96'), [['1.2.3.4', true], ['::ffff:1.2.3.4', true], ['::1', false], ['::fffe:0:0', false]]],
  [c('::ffff:1.2.3.4/96'), [['255.255.255.255', true], ['::ffff:0.0.0.0', true]]],
  [c('::ffff:1.2.3.4/128'), [['1.2.3.4', true], ['1.2.3.5', false]]],
  [c('::ffff:0:0/95'), [['1.2.3.4', false], ['::ffff:1.2.3.4', false], ['::fffe:1.2.3.4', true], ['::fffd:1.2.3.4', false]]],
  [c('::fffe:0:0/96'), [['::fffe:1.2.3.4', true], ['1.2.3.4', false]]],
  [c('fe80::1234/10'), [['febf::1', true], ['fec0::1', false]]],
  [c('2001:db8::ff/127'), [['2001:db8::fe', true], ['2001:db8::100', false]]],
], {
  refusals: [
    wrongCondition('a text instead of a list', x('cidr', '10.0.0.0/8'), '/value'),
    wrongCondition('a number as a network', c('10.0.0.0/8', 7), '/value/1'),
    ...[
      '10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0/8', '010.0.0.0/8', '::', '::/129', '::1%lo/128', ' 10.0.0.0/8', '10.0.0.0/8 ', '10.0.0.0/8/8', '10.0.0.0/255.0.0.0', '', '/8', '10.0.0.0/+8', '10.0.0.0/8x',
    ].map((network) => wrongCondition(`the network ${JSON.stringify(network)}`, c(network), '/value/0')),
  ],
});
