using System.Buffers.Binary;
using System.Text;

namespace Roster.Tests.Hosting;

/// <summary>A message in protobuf's encoding, read without its schema.</summary>
internal sealed class ProtocolBuffer
{
    private readonly List<(int Field, ulong Number, byte[] Bytes)> _fields = [];

    public ProtocolBuffer(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var key = Varint(ref bytes);
            var field = (int)(key >> 3);
            switch (key & 7)
            {
                case 0:
                    _fields.Add((field, Varint(ref bytes), []));
                    break;
                case 1:
                    _fields.Add((field, BinaryPrimitives.ReadUInt64LittleEndian(bytes), []));
                    bytes = bytes[8..];
                    break;
                case 2:
                    var length = (int)Varint(ref bytes);
                    _fields.Add((field, 0, bytes[..length].ToArray()));
                    bytes = bytes[length..];
                    break;
                case 5:
                    _fields.Add((field, BinaryPrimitives.ReadUInt32LittleEndian(bytes), []));
                    bytes = bytes[4..];
                    break;
                default:
                    throw new InvalidDataException($"Field {field} is of no type that protobuf has.");
            }
        }
    }

    public IEnumerable<ProtocolBuffer> Messages(int field) => Of(field).Select(one => new ProtocolBuffer(one.Bytes));

    /// <summary>Empty if it is not there.</summary>
    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    public byte[] Bytes(int field) => Of(field).Select(one => one.Bytes).LastOrDefault([]);

    public ulong Number(int field) => Of(field).Select(one => one.Number).LastOrDefault();

    public bool Has(int field) => Of(field).Any();

    private IEnumerable<(int Field, ulong Number, byte[] Bytes)> Of(int field) => _fields.Where(one => one.Field == field);

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[0];
            bytes = bytes[1..];
            number |= (ulong)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
                return number;
        }
    }
}
