using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>The element types of the safetensors format.</summary>
internal static class SafetensorsDtypes
{
    private static readonly Dictionary<string, (int Bits, torch.ScalarType? Torch)> _types = new(StringComparer.Ordinal)
    {
        ["F64"] = (64, torch.ScalarType.Float64),
        ["F32"] = (32, torch.ScalarType.Float32),
        ["F16"] = (16, torch.ScalarType.Float16),
        ["BF16"] = (16, torch.ScalarType.BFloat16),
        ["I64"] = (64, torch.ScalarType.Int64),
        ["I32"] = (32, torch.ScalarType.Int32),
        ["I16"] = (16, torch.ScalarType.Int16),
        ["I8"] = (8, torch.ScalarType.Int8),
        ["U8"] = (8, torch.ScalarType.Byte),
        ["BOOL"] = (8, torch.ScalarType.Bool),
        ["U64"] = (64, null),
        ["U32"] = (32, null),
        ["U16"] = (16, null),
        ["F8_E4M3"] = (8, null),
        ["F8_E5M2"] = (8, null),
        ["F8_E8M0"] = (8, null),
        ["F8_E4M3FNUZ"] = (8, null),
        ["F8_E5M2FNUZ"] = (8, null),
        ["C64"] = (64, null),
        ["F4"] = (4, null),
        ["F6_E2M3"] = (6, null),
        ["F6_E3M2"] = (6, null),
    };

    /// <summary>Gets the size of an element in bits; false if the format has no such dtype.</summary>
    public static bool TryGetBits(string dtype, out int bits)
    {
        bool known = _types.TryGetValue(dtype, out (int Bits, torch.ScalarType? Torch) type);
        bits = type.Bits;
        return known;
    }

    /// <summary>Size of an element of a known dtype in bits.</summary>
    public static int Bits(string dtype) => _types[dtype].Bits;

    /// <summary>The corresponding dtype of TorchSharp, or null.</summary>
    public static torch.ScalarType? Torch(string dtype) => _types[dtype].Torch;

    /// <summary>The format's name of a dtype, or null if the writer does not support it.</summary>
    public static string? Name(torch.ScalarType type) => type switch
    {
        torch.ScalarType.Float64 => "F64",
        torch.ScalarType.Float32 => "F32",
        torch.ScalarType.Float16 => "F16",
        torch.ScalarType.BFloat16 => "BF16",
        torch.ScalarType.Byte => "U8",
        _ => null,
    };
}
