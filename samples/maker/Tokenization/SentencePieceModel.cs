namespace LoraLab.SampleMaker.Tokenization;

/// <summary>
/// Writes a vocabulary as a SentencePiece <c>tokenizer.model</c> with the settings of Llama's tokenizer (field numbers:
/// sentencepiece_model.proto).
/// </summary>
internal static class SentencePieceModel
{
    private const int Unknown = 2;
    private const int Control = 3;
    private const int Byte = 6;
    private const int Normal = 1;
    private const int BytePairEncoding = 2;

    /// <summary>Number of reserved pieces: unknown, BOS, EOS and 256 bytes.</summary>
    public const int ReservedPieces = 3 + 256;

    public static byte[] Write(BpeVocabulary vocabulary)
    {
        ProtoWriter model = new();
        Piece(model, "<unk>", 0, Unknown);
        Piece(model, "<s>", 0, Control);
        Piece(model, "</s>", 0, Control);
        for (int value = 0; value < 256; value++)
        {
            Piece(model, $"<0x{value:X2}>", 0, Byte);
        }

        int rank = 0;
        foreach (string piece in vocabulary.Merged.Concat(vocabulary.Characters))
        {
            Piece(model, piece, -rank++, Normal);
        }

        int size = ReservedPieces + rank;
        ProtoWriter trainer = new ProtoWriter()
            .Integer(3, BytePairEncoding).Integer(4, size)
            .Flag(35, true)
            .Integer(40, 0).Integer(41, 1).Integer(42, 2).Integer(43, -1)
            .Text(45, "<unk>").Text(46, "<s>").Text(47, "</s>");
        ProtoWriter normalizer = new ProtoWriter().Text(1, "identity").Flag(3, true).Flag(4, false).Flag(5, true);
        return model.Message(2, trainer).Message(3, normalizer).ToArray();
    }

    private static void Piece(ProtoWriter model, string text, float score, int type)
    {
        ProtoWriter piece = new ProtoWriter().Text(1, text).Number(2, score);
        model.Message(1, type == Normal ? piece : piece.Integer(3, type));
    }
}
