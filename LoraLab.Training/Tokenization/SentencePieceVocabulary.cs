using Google.Protobuf;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tokenization;

/// <summary>
/// Pieces, scores and kinds of a SentencePiece model file, which Microsoft.ML.Tokenizers keeps to itself.
/// Wire format: sentencepiece_model.proto, message ModelProto, field 1 = SentencePiece { piece = 1, score = 2, type = 3 }.
/// </summary>
internal sealed class SentencePieceVocabulary
{
    private readonly Dictionary<string, (int Id, float Score)> _mergeable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Id, float Score)>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private readonly HashSet<int> _control = [];
    private readonly int[] _bytes = new int[256];
    private int _unknown = -1;

    public SentencePieceVocabulary(byte[] model)
    {
        Array.Fill(_bytes, -1);
        CodedInputStream input = new(model);
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            if (WireFormat.GetTagFieldNumber(tag) == 1)
            {
                ReadPiece(input.ReadBytes());
            }
            else
            {
                input.SkipLastField();
            }
        }

        _bySpan = _mergeable.GetAlternateLookup<ReadOnlySpan<char>>();
        HasBytes = Array.TrueForAll(_bytes, id => id >= 0);
        if (_unknown < 0)
        {
            throw new NotSupportedException("it has no unknown piece.");
        }
    }

    private enum Kind
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <summary>Number of pieces of every kind.</summary>
    public int Size { get; private set; }

    /// <summary>Characters of the longest piece that text can become.</summary>
    public int MaxPieceLength { get; private set; }

    /// <summary>Whether characters without a piece become bytes.</summary>
    public bool HasBytes { get; }

    public int UnknownId => _unknown;

    public int ByteId(byte value) => _bytes[value];

    /// <summary>A piece that text can become: control, unknown and byte pieces never are.</summary>
    public bool TryFind(ReadOnlySpan<char> piece, out (int Id, float Score) found) => _bySpan.TryGetValue(piece, out found);

    public bool ContainsControl(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            if (_control.Contains(id))
            {
                return true;
            }
        }

        return false;
    }

    private void ReadPiece(ByteString message)
    {
        string piece = "";
        float score = 0;
        Kind kind = Kind.Normal;
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
                    kind = (Kind)input.ReadEnum();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        Add(piece, score, kind, Size++);
    }

    private void Add(string piece, float score, Kind kind, int id)
    {
        switch (kind)
        {
            case Kind.Normal:
                if (!float.IsFinite(score) || !_mergeable.TryAdd(piece, (id, score)))
                {
                    throw new NotSupportedException($"piece {id} ('{Excerpt.Of(piece)}') is there twice, or its score is no number.");
                }

                MaxPieceLength = Math.Max(MaxPieceLength, piece.Length);
                break;
            case Kind.Unknown:
                _unknown = id;
                break;
            case Kind.Control:
                _control.Add(id);
                break;
            case Kind.Byte:
                _bytes[Convert.ToByte(piece[1..^1], 16)] = id;
                break;
            default:
                throw new NotSupportedException($"piece {id} ('{piece}') is a user-defined or unused one, which LoraLab does not read.");
        }
    }
}
