using Google.Protobuf;

namespace LoraLab.Tests.Support;

/// <summary>A copy of a SentencePiece model file without some of its pieces.</summary>
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
