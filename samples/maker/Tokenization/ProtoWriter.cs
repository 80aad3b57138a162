using System.Buffers.Binary;
using System.Text;

namespace LoraLab.SampleMaker.Tokenization;

/// <summary>Writer for the parts of the Protocol Buffers wire format used by SentencePiece models.</summary>
internal sealed class ProtoWriter
{
    private readonly MemoryStream _bytes = new();

    public byte[] ToArray() => _bytes.ToArray();

    public ProtoWriter Integer(int field, long value)
    {
        Variable((ulong)field << 3);
        Variable(unchecked((ulong)value));
        return this;
    }

    public ProtoWriter Flag(int field, bool value) => Integer(field, value ? 1 : 0);

    public ProtoWriter Number(int field, float value)
    {
        Variable(((ulong)field << 3) | 5);
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        _bytes.Write(bytes);
        return this;
    }

    public ProtoWriter Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public ProtoWriter Message(int field, ProtoWriter message) => Bytes(field, message.ToArray());

    private ProtoWriter Bytes(int field, byte[] value)
    {
        Variable(((ulong)field << 3) | 2);
        Variable((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    private void Variable(ulong value)
    {
        while (value >= 0x80)
        {
            _bytes.WriteByte((byte)(value | 0x80));
            value >>= 7;
        }

        _bytes.WriteByte((byte)value);
    }
}
