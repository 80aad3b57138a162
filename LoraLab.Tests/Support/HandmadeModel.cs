using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;

namespace LoraLab.Tests.Support;

/// <summary>
/// Files of model folders, made by hand, without product code or a tensor library: a tiny Llama of <see cref="Config"/>, and safetensors
/// files with any content.
/// </summary>
internal static class HandmadeModel
{
    private const int Width = 32;
    private const int Inner = 64;
    private const int Pieces = 270;

    /// <summary>The <c>config.json</c> of the tiny Llama: two layers, four heads, two key-value heads, an untied head.</summary>
    public const string Config = """{"model_type":"llama","hidden_size":32,"intermediate_size":64,"num_hidden_layers":2"""
        + ""","num_attention_heads":4,"num_key_value_heads":2,"vocab_size":270,"max_position_embeddings":64}""";

    /// <summary>The weights of the tiny Llama by name.</summary>
    public static Dictionary<string, PlainTensor> Weights(int seed = 1)
    {
        Dictionary<string, PlainTensor> weights = [];
        Add("model.embed_tokens.weight", Pieces, Width);
        Add("model.norm.weight", Width);
        Add("lm_head.weight", Pieces, Width);
        for (int layer = 0; layer < 2; layer++)
        {
            string block = $"model.layers.{layer}.";
            Add(block + "input_layernorm.weight", Width);
            Add(block + "post_attention_layernorm.weight", Width);
            Add(block + "self_attn.q_proj.weight", Width, Width);
            Add(block + "self_attn.k_proj.weight", Width / 2, Width);
            Add(block + "self_attn.v_proj.weight", Width / 2, Width);
            Add(block + "self_attn.o_proj.weight", Width, Width);
            Add(block + "mlp.gate_proj.weight", Inner, Width);
            Add(block + "mlp.up_proj.weight", Inner, Width);
            Add(block + "mlp.down_proj.weight", Width, Inner);
        }

        return weights;

        void Add(string name, params int[] shape) => weights.Add(name, PlainTensor.Random(seed + weights.Count, shape));
    }

    /// <summary>A safetensors file.</summary>
    /// <param name="tensors">The tensors by name.</param>
    /// <param name="metadata">Metadata; null: none.</param>
    /// <param name="bytes">Size of the file, reached with spaces behind the header; null: as small as possible.</param>
    public static byte[] Safetensors(
        IReadOnlyDictionary<string, PlainTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null, int? bytes = null)
    {
        JsonObject header = [];
        if (metadata is not null)
        {
            header["__metadata__"] = new JsonObject(metadata.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
        }

        int offset = 0;
        foreach ((string name, PlainTensor tensor) in tensors)
        {
            header[name] = new JsonObject
            {
                ["dtype"] = tensor.Dtype,
                ["shape"] = new JsonArray([.. tensor.Shape.Select(length => (JsonNode)length)]),
                ["data_offsets"] = new JsonArray(offset, offset += tensor.Data.Length),
            };
        }

        byte[] json = Encoding.UTF8.GetBytes(header.ToJsonString());
        int padded = bytes is int size ? size - offset - sizeof(ulong) : (json.Length + 7) / 8 * 8;
        byte[] file = new byte[sizeof(ulong) + padded + offset];
        BinaryPrimitives.WriteUInt64LittleEndian(file, (ulong)padded);
        file.AsSpan(sizeof(ulong), padded).Fill((byte)' ');
        json.CopyTo(file, sizeof(ulong));
        int at = sizeof(ulong) + padded;
        foreach (PlainTensor tensor in tensors.Values)
        {
            tensor.Data.CopyTo(file, at);
            at += tensor.Data.Length;
        }

        return file;
    }

    /// <summary>The tensors of a safetensors file.</summary>
    public static Dictionary<string, PlainTensor> Read(string path)
    {
        PlainSafetensors file = new(path);
        return file.Names.ToDictionary(name => name, name => new PlainTensor(file.Dtype(name), file.Shape(name), file.Bytes(name)));
    }

    /// <summary>A SentencePiece BPE model with Llama's reserved pieces, and others behind them.</summary>
    /// <param name="pieces">Further pieces, the most preferred first.</param>
    public static byte[] Tokenizer(params string[] pieces)
    {
        const int Normal = 1, Unknown = 2, Control = 3, Byte = 6;
        using MemoryStream file = new();
        using CodedOutputStream output = new(file);
        Piece("<unk>", 0, Unknown);
        Piece("<s>", 0, Control);
        Piece("</s>", 0, Control);
        for (int value = 0; value < 256; value++)
        {
            Piece($"<0x{value:X2}>", 0, Byte);
        }

        foreach ((int rank, string piece) in pieces.Prepend("\u2581").Index())
        {
            Piece(piece, -rank, Normal);
        }

        Message(2, trainer =>
        {
            trainer.WriteTag(3, WireFormat.WireType.Varint);
            trainer.WriteEnum(2);
            trainer.WriteTag(35, WireFormat.WireType.Varint);
            trainer.WriteBool(true);
        });
        Message(3, normalizer =>
        {
            normalizer.WriteTag(1, WireFormat.WireType.LengthDelimited);
            normalizer.WriteString("identity");
            normalizer.WriteTag(3, WireFormat.WireType.Varint);
            normalizer.WriteBool(true);
            normalizer.WriteTag(4, WireFormat.WireType.Varint);
            normalizer.WriteBool(false);
        });
        output.Flush();
        return file.ToArray();

        void Piece(string text, float score, int type) => Message(1, piece =>
        {
            piece.WriteTag(1, WireFormat.WireType.LengthDelimited);
            piece.WriteString(text);
            piece.WriteTag(2, WireFormat.WireType.Fixed32);
            piece.WriteFloat(score);
            piece.WriteTag(3, WireFormat.WireType.Varint);
            piece.WriteEnum(type);
        });

        void Message(int field, Action<CodedOutputStream> write)
        {
            using MemoryStream content = new();
            using CodedOutputStream inner = new(content);
            write(inner);
            inner.Flush();
            output.WriteTag(field, WireFormat.WireType.LengthDelimited);
            output.WriteBytes(ByteString.CopyFrom(content.ToArray()));
        }
    }
}
