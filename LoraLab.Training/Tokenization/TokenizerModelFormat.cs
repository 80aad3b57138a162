using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using LoraLab.Training.Files;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// What a file called <c>tokenizer.model</c> is, before it is read as a vocabulary. Wire format: sentencepiece_model.proto, message
/// ModelProto, field 1 = pieces, field 2 = TrainerSpec { model_type = 3, bos_id = 41 }.
/// </summary>
internal sealed partial class TokenizerModelFormat
{
    private const string Needed = "LoraLab needs the SentencePiece model of a Llama tokenizer";
    private const string NotAModel = "is not a SentencePiece model, or is damaged or encrypted; download the file again";
    private const int BytePairs = 2;

    private readonly List<string> _pieces = [];
    private int _type = 1;
    private int _bos = 1;

    private TokenizerModelFormat()
    {
    }

    /// <summary>Text of the piece that starts every text; null: the vocabulary has none.</summary>
    public string? BosPiece => _bos >= 0 && _bos < _pieces.Count ? _pieces[_bos] : null;

    [GeneratedRegex(@"\A[A-Za-z0-9+/]+={0,2} \d+\r?\n")]
    private static partial Regex TiktokenLine { get; }

    /// <summary>Reads the format.</summary>
    /// <exception cref="FormatException">The file is something else; the message is the predicate of a sentence.</exception>
    public static TokenizerModelFormat Read(byte[] model)
    {
        if (Problem(model) is string problem)
        {
            throw new FormatException(problem);
        }

        TokenizerModelFormat format = new();
        try
        {
            format.ReadModel(model);
        }
        catch (InvalidProtocolBufferException damaged)
        {
            throw new FormatException(NotAModel, damaged);
        }

        if (format._pieces.Count == 0)
        {
            throw new FormatException(NotAModel);
        }

        return format._type == BytePairs
            ? format
            : throw new FormatException(
                $"is a SentencePiece model of type {TypeName(format._type)}, but Llama tokenizers have type BPE; {Needed}");
    }

    private static string? Problem(byte[] model)
    {
        if (FileSignature.Of(model) is string known)
        {
            return known;
        }

        string start = Encoding.Latin1.GetString(model.AsSpan(0, Math.Min(model.Length, 256)));
        return TiktokenLine.IsMatch(start)
            ? $"is a tiktoken vocabulary, as Llama 3 has it in its original folder, not a SentencePiece model; {Needed}, so use a model "
                + "with one, such as Llama 2 or TinyLlama"
            : start.TrimStart().StartsWith('{') ? $"is JSON, as tokenizer.json is, not a SentencePiece model; {Needed}"
            : FileSignature.OfBinary(model);
    }

    private static string TypeName(int type) => type switch
    {
        1 => "unigram",
        3 => "word",
        4 => "char",
        _ => $"{type}",
    };

    private void ReadModel(byte[] model)
    {
        CodedInputStream input = new(model);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case (1 << 3) | (uint)WireFormat.WireType.LengthDelimited:
                    _pieces.Add(PieceText(input.ReadBytes()));
                    break;
                case (2 << 3) | (uint)WireFormat.WireType.LengthDelimited:
                    ReadTrainer(input.ReadBytes());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private static string PieceText(ByteString piece)
    {
        CodedInputStream input = piece.CreateCodedInput();
        string text = "";
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (tag == ((1 << 3) | (uint)WireFormat.WireType.LengthDelimited))
            {
                text = input.ReadString();
            }
            else
            {
                input.SkipLastField();
            }
        }

        return text;
    }

    private void ReadTrainer(ByteString trainer)
    {
        CodedInputStream input = trainer.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (tag)
            {
                case (3 << 3) | (uint)WireFormat.WireType.Varint:
                    _type = input.ReadEnum();
                    break;
                case (41 << 3) | (uint)WireFormat.WireType.Varint:
                    _bos = input.ReadInt32();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }
}
