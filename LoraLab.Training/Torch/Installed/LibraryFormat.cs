using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace LoraLab.Training.Torch.Installed;

/// <summary>Whether a file is a library that this process can load, from its header: a loader's message rarely says which it is.</summary>
internal static class LibraryFormat
{
    private const int HeaderBytes = 64;

    // e_machine of ELF (System V ABI), Machine of PE/COFF (Microsoft).
    private const ushort ElfX64 = 62;
    private const ushort ElfArm64 = 183;
    private const ushort PeX64 = 0x8664;
    private const ushort PeArm64 = 0xaa64;

    /// <summary>What is wrong, as a predicate; null: nothing.</summary>
    public static string? Problem(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] header = new byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            return "is truncated";
        }

        (ushort? machine, ushort x64, ushort arm64) = OperatingSystem.IsWindows()
            ? (Pe(file, header), PeX64, PeArm64)
            : (Elf(header), ElfX64, ElfArm64);
        if (machine is null)
        {
            return $"is not a 64-bit library of {(OperatingSystem.IsWindows() ? "Windows" : "Linux")}";
        }

        ushort own = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? arm64 : x64;
        string name = machine == x64 ? "x64" : machine == arm64 ? "arm64" : $"another processor ({machine})";
        return machine == own ? null : $"is built for {name}, and this process is {RuntimeInformation.ProcessArchitecture}";
    }

    private static ushort? Elf(byte[] header) => header is [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, ..]
        ? BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(0x12))
        : null;

    private static ushort? Pe(FileStream file, byte[] header)
    {
        if (header is not [(byte)'M', (byte)'Z', ..])
        {
            return null;
        }

        file.Position = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(0x3c));
        byte[] coff = new byte[6];
        return file.ReadAtLeast(coff, coff.Length, throwOnEndOfStream: false) == coff.Length && coff is [(byte)'P', (byte)'E', 0, 0, ..]
            ? BinaryPrimitives.ReadUInt16LittleEndian(coff.AsSpan(4))
            : null;
    }
}
