using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>The element types of the safetensors format.</summary>
internal static class SafetensorsDtypes
{
    private static readonly Dictionary<string, (int Bytes, torch.ScalarType? Torch)> _types = new(StringComparer.Ordinal)
    {
        ["F64"] = (8, torch.ScalarType.Float64),
        ["F32"] = (4, torch.ScalarType.Float32),
        ["F16"] = (2, torch.ScalarType.Float16),
        ["BF16"] = (2, torch.ScalarType.BFloat16),
        ["I64"] = (8, torch.ScalarType.Int64),
        ["I32"] = (4, torch.ScalarType.Int32),
        ["I16"] = (2, torch.ScalarType.Int16),
        ["I8"] = (1, torch.ScalarType.Int8),
        ["U8"] = (1, torch.ScalarType.Byte),
        ["BOOL"] = (1, torch.ScalarType.Bool),
        ["U64"] = (8, null),
        ["U32"] = (4, null),
        ["U16"] = (2, null),
        ["F8_E4M3"] = (1, null),
        ["F8_E5M2"] = (1, null),
        ["F8_E8M0"] = (1, null),
        ["F8_E4M3FNUZ"] = (1, null),
        ["F8_E5M2FNUZ"] = (1, null),
        ["C64"] = (8, null),
    };

    /// <summary>Gets the size of an element in bytes; false if the format has no such dtype.</summary>
    public static bool TryGetSize(string dtype, out int bytes)
    {
        bool known = _types.TryGetValue(dtype, out (int Bytes, torch.ScalarType? Torch) type);
        bytes = type.Bytes;
        return known;
    }

    /// <summary>The corresponding dtype of TorchSharp, or null.</summary>
    public static torch.ScalarType? Torch(string dtype) => _types[dtype].Torch;

    /// <summary>The format's name of a dtype, or null if the writer does not support it.</summary>
    public static string? Name(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Float64 => "F64",
        torch.ScalarType.Float32 => "F32",
        torch.ScalarType.Float16 => "F16",
        torch.ScalarType.BFloat16 => "BF16",
        _ => null,
    };
}
