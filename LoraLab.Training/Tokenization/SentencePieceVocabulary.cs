using Google.Protobuf;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// Pieces, scores and types of a SentencePiece model file, which Microsoft.ML.Tokenizers does not expose.
/// Wire format: sentencepiece_model.proto, message ModelProto, field 1 = SentencePiece { piece = 1, score = 2, type = 3 }, field 2 =
/// TrainerSpec { model_type = 3 }, field 3 = NormalizerSpec { name = 1, precompiled_charsmap = 2 }.
/// </summary>
internal sealed class SentencePieceVocabulary
{
    private readonly List<string> _pieces = [];
    private readonly Dictionary<string, (int Id, float Score)> _mergeable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Id, float Score)>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly int[] _bytes = new int[256];
    private int _unknown = -1;

    public SentencePieceVocabulary(byte[] model)
    {
        Array.Fill(_bytes, -1);
        CodedInputStream input = new(model);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    ReadPiece(input.ReadBytes());
                    break;
                case 3:
                    RequireIdentity(input.ReadBytes());
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        _bySpan = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        HasBytes = Array.TrueForAll(_bytes, id => id >= 0);
        if (_unknown < 0)
        {
            throw new NotSupportedException("it has no piece of type UNKNOWN.");
        }
    }

    private enum PieceType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <summary>Number of pieces of all types.</summary>
    public int Size { get; private set; }

    /// <summary>Length in characters of the longest piece that text can be encoded to.</summary>
    public int MaxPieceLength { get; private set; }

    /// <summary>Whether characters that are not pieces are encoded as bytes.</summary>
    public bool HasBytes { get; }

    public int UnknownId => _unknown;

    public int ByteId(byte value) => _bytes[value];

    /// <summary>Text of a piece of any type.</summary>
    public string PieceOf(int id) => _pieces[id];

    /// <summary>Finds a piece that text can be encoded to; control, unknown and byte pieces are excluded.</summary>
    public bool TryFind(ReadOnlySpan<char> piece, out (int Id, float Score) found)
    {
        found = default;
        return piece.Length <= MaxPieceLength && _bySpan.TryGetValue(piece, out found);
    }

    // A map of characters, as of NFKC, would change the text before it is encoded.
    private static void RequireIdentity(ByteString message)
    {
        string name = "";
        CodedInputStream input = message.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    name = input.ReadString();
                    break;
                case 2 when input.ReadBytes().Length > 0:
                    throw new NotSupportedException(
                        $"its normalization '{Excerpt.Of(name)}' maps characters, which is not supported; only 'identity' is.");
                case 2:
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }
    }

    private void ReadPiece(ByteString message)
    {
        string piece = "";
        float score = 0;
        PieceType type = PieceType.Normal;
        CodedInputStream input = message.CreateCodedInput();
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    piece = input.ReadString();
                    break;
                case 2:
                    score = input.ReadFloat();
                    break;
                case 3:
                    type = (PieceType)input.ReadEnum();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        _pieces.Add(piece);
        Add(piece, score, type, Size++);
    }

    private void Add(string piece, float score, PieceType type, int id)
    {
        switch (type)
        {
            case PieceType.Normal:
                if (!float.IsFinite(score) || !_mergeable.TryAdd(piece, (id, score)))
                {
                    throw new NotSupportedException($"piece {id} ('{Excerpt.Of(piece)}') is a duplicate, or its score is not finite.");
                }

                MaxPieceLength = Math.Max(MaxPieceLength, piece.Length);
                break;
            case PieceType.Unknown:
                _unknown = id;
                break;
            case PieceType.Control:
                break;
            case PieceType.Byte:
                _bytes[Convert.ToByte(piece[1..^1], 16)] = id;
                break;
            default:
                throw new NotSupportedException($"piece {id} ('{piece}') has type USER_DEFINED or UNUSED, which is not supported.");
        }
    }
}
