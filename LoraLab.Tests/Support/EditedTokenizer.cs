using Google.Protobuf;

namespace LoraLab.Tests.Support;

/// <summary>A copy of a SentencePiece model file without some of its pieces, or with others in their place.</summary>
internal static class EditedTokenizer
{
    private const int PiecesField = 1;
    private const uint TrainerField = 2;
    private const uint ByteFallbackField = 35;

    /// <summary>The file without the pieces that match <paramref name="drop"/>; the text of a piece is its first field.</summary>
    public static byte[] Without(byte[] model, Predicate<string> drop)
    {
        using MemoryStream edited = new();
        CodedOutputStream output = new(edited);
        CodedInputStream input = new(model);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            ByteString content = input.ReadBytes();
            if (WireFormat.GetTagFieldNumber(tag) == PiecesField && drop(Text(content)))
            {
                continue;
            }

            output.WriteTag(tag);
            output.WriteBytes(WireFormat.GetTagFieldNumber(tag) == TrainerField ? WithoutByteFallback(content) : content);
        }

        output.Flush();
        return edited.ToArray();
    }

    /// <summary>The file with other pieces of score 0 in place of some of its own.</summary>
    public static byte[] With(byte[] model, params (int Id, string Text)[] pieces)
    {
        using MemoryStream edited = new();
        CodedOutputStream output = new(edited);
        CodedInputStream input = new(model);
        int id = 0;
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            ByteString content = input.ReadBytes();
            bool isPiece = WireFormat.GetTagFieldNumber(tag) == PiecesField;
            string? text = isPiece ? Array.Find(pieces, piece => piece.Id == id).Text : null;
            id += isPiece ? 1 : 0;
            output.WriteTag(tag);
            output.WriteBytes(text is null ? content : Piece(text));
        }

        output.Flush();
        return edited.ToArray();
    }

    private static ByteString Piece(string text)
    {
        using MemoryStream piece = new();
        CodedOutputStream output = new(piece);
        output.WriteTag(1, WireFormat.WireType.LengthDelimited);
        output.WriteString(text);
        output.WriteTag(2, WireFormat.WireType.Fixed32);
        output.WriteFloat(0);
        output.Flush();
        return ByteString.CopyFrom(piece.ToArray());
    }

    private static string Text(ByteString piece)
    {
        CodedInputStream input = piece.CreateCodedInput();
        return WireFormat.GetTagFieldNumber(input.ReadTag()) == 1 ? input.ReadString() : "";
    }

    // In protobuf the last value of a field wins.
    private static ByteString WithoutByteFallback(ByteString trainer)
    {
        using MemoryStream edited = new();
        trainer.WriteTo(edited);
        CodedOutputStream output = new(edited);
        output.WriteTag((int)ByteFallbackField, WireFormat.WireType.Varint);
        output.WriteBool(false);
        output.Flush();
        return ByteString.CopyFrom(edited.ToArray());
    }
}
