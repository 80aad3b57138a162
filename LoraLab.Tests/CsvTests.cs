using LoraLab.Contracts;
using LoraLab.Contracts.Tasks;
using LoraLab.Tests.Support;
using LoraLab.Training.Tasks;
using LoraLab.Training.Training.Recording;
using Xunit;

namespace LoraLab.Tests;

/// <summary>What a spreadsheet would run as a formula is text in every cell of every CSV, and reads back as it was.</summary>
public sealed class CsvTests
{
    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+cmd", "'+cmd")]
    [InlineData("-1-1", "'-1-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("  =1", "'  =1")]
    [InlineData("\r=1", "\"'\r=1\"")]
    [InlineData("\uff1d1", "'\uff1d1")]
    [InlineData("=1,\"2\"", "\"'=1,\"\"2\"\"\"")]
    [InlineData("'=1", "''=1")]
    [InlineData("'", "'")]
    [InlineData("-1.5", "-1.5")]
    [InlineData("+3", "+3")]
    [InlineData("-1E-05", "-1E-05")]
    [InlineData("-Infinity", "-Infinity")]
    [InlineData("a=b", "a=b")]
    [InlineData("", "")]
    public void Add_Cell_IsEscapedAndReadsBack(string text, string cell)
    {
        string csv = new CsvLines().Add(text, "x").Add("1", text).ToString();

        Assert.Equal($"{cell},x\r\n1,{cell}\r\n", csv);
        Assert.Equal([[text, "x"], ["1", text]], CsvRows.Read(csv));
    }

    [Fact]
    public void Read_CellsWithLineBreaksAndLastLineWithoutEnd_AreWhole() =>
        Assert.Equal([["a\nb", "c\r\nd"], ["e", "\"f"]], CsvRows.Read("\"a\nb\",\"c\r\nd\"\ne,\"\"\"f\""));

    [Fact]
    public void WritePredictions_LabelThatIsAFormula_IsEscapedInItsHeadingAndReadsBack()
    {
        using TemporaryFolder folder = new();
        string[] labels = ["=1+1", "-good", "a,\"b\"\nc"];
        RunDirectory run = new(folder.Path);

        string file = run.WritePredictions(3, new PredictionTable(
            ["row", "label", "predicted", .. labels], [["7", "0", "2", "-0.5", "-1E-05", "-2"]]));

        string text = File.ReadAllText(Path.Combine(folder.Path, file));
        Assert.StartsWith("row,label,predicted,'=1+1,'-good,\"a,\"\"b\"\"\nc\"\n7,0,2,-0.5,-1E-05,-2\n", text, StringComparison.Ordinal);
        PredictionSet read = PredictionSet.FromTable(3, CsvRows.Read(text));
        Assert.Equal(labels, read.Labels);
        Assert.Equal([-0.5, -1e-5, -2], Assert.Single(read.Items).Scores);
    }
}
