using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Sets VER_FLG_WEAK on one required symbol version of a 64-bit little-endian ELF library, so that the dynamic loader
/// accepts a system library which lacks it. The result replaces the file by rename; a hard link elsewhere keeps its bytes.
/// </summary>
public sealed class WeakenSymbolVersion : Task
{
    private const uint VersionNeedSection = 0x6ffffffe;
    private const ushort WeakFlag = 0x2;

    [Required]
    public string Library { get; set; }

    [Required]
    public string SymbolVersion { get; set; }

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Library);
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != (byte)'E' || elf[4] != 2 || elf[5] != 1)
        {
            Log.LogError("{0} is not a 64-bit little-endian ELF library.", Library);
            return false;
        }

        int flagsAt = FindFlags(elf);
        if (flagsAt < 0)
        {
            Log.LogMessage(MessageImportance.Low, "{0} does not ask for {1}.", Library, SymbolVersion);
            return true;
        }

        ushort flags = BitConverter.ToUInt16(elf, flagsAt);
        if ((flags & WeakFlag) != 0)
        {
            return true;
        }

        elf[flagsAt] |= (byte)WeakFlag;
        string patched = Library + ".weak-" + System.Diagnostics.Process.GetCurrentProcess().Id;
        File.WriteAllBytes(patched, elf);
        File.SetLastWriteTimeUtc(patched, File.GetLastWriteTimeUtc(Library));
        File.Delete(Library);
        File.Move(patched, Library);
        Log.LogMessage(MessageImportance.Normal, "{0}: {1} is now a weak requirement.", Library, SymbolVersion);
        return true;
    }

    /// <summary>The offset of vna_flags of the entry for <see cref="SymbolVersion"/>, or -1.</summary>
    private int FindFlags(byte[] elf)
    {
        long sections = BitConverter.ToInt64(elf, 0x28);
        int sectionSize = BitConverter.ToUInt16(elf, 0x3a);
        int sectionCount = BitConverter.ToUInt16(elf, 0x3c);
        for (int i = 0; i < sectionCount; i++)
        {
            int header = (int)(sections + (long)i * sectionSize);
            if (BitConverter.ToUInt32(elf, header + 4) != VersionNeedSection)
            {
                continue;
            }

            int link = (int)BitConverter.ToUInt32(elf, header + 0x28);
            int strings = (int)BitConverter.ToInt64(elf, (int)(sections + (long)link * sectionSize) + 0x18);
            return FindInNeeds(elf, (int)BitConverter.ToInt64(elf, header + 0x18), strings);
        }

        return -1;
    }

    private int FindInNeeds(byte[] elf, int need, int strings)
    {
        while (true)
        {
            int entry = need + (int)BitConverter.ToUInt32(elf, need + 8);
            int count = BitConverter.ToUInt16(elf, need + 2);
            for (int i = 0; i < count; i++)
            {
                int name = strings + (int)BitConverter.ToUInt32(elf, entry + 8);
                int end = Array.IndexOf(elf, (byte)0, name);
                if (Encoding.ASCII.GetString(elf, name, end - name) == SymbolVersion)
                {
                    return entry + 4;
                }

                entry += (int)BitConverter.ToUInt32(elf, entry + 12);
            }

            int next = (int)BitConverter.ToUInt32(elf, need + 12);
            if (next == 0)
            {
                return -1;
            }

            need += next;
        }
    }
}
