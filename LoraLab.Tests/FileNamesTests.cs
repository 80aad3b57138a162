using LoraLab.Contracts;
using Xunit;

namespace LoraLab.Tests;

/// <summary>Names of downloaded files.</summary>
public sealed class FileNamesTests
{
    [Theory]
    [InlineData("LoRA+ r=8, ηB/ηA 4", "lora-r-8-ηb-ηa-4")]
    [InlineData("../../etc/passwd\0", "etc-passwd")]
    [InlineData("<b>שלום</b>", "b-שלום-b")]
    [InlineData("...", "unnamed")]
    public void Part_IsANameThatEveryFileSystemTakes(string name, string expected) => Assert.Equal(expected, FileNames.Part(name));

    [Fact]
    public void Part_OfALongName_IsCut() => Assert.Equal(new string('a', 60), FileNames.Part(new string('A', 200)));

    [Fact]
    public void Of_LeavesEmptyPartsOut() => Assert.Equal("id-adapter.zip", FileNames.Of("zip", "id", "", "adapter"));
}
