using System.Buffers.Binary;
using System.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Files.Safetensors;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_ThenOpen_GivesTheSameTensors()
    {
        using IDisposable scope = torch.NewDisposeScope();
        Dictionary<string, torch.Tensor> tensors = new()
        {
            ["b.half"] = torch.tensor(new[] { 1.5f, -2f, 3f }).to_type(torch.ScalarType.Float16),
            ["c"] = torch.arange(6, torch.ScalarType.Float32).reshape(2, 3).t(),
            ["a.brain"] = torch.tensor(new[] { 4f }).to_type(torch.ScalarType.BFloat16),
            ["scalar"] = torch.tensor(7f),
            ["trained"] = torch.ones(2, 2, requires_grad: true),
        };
        string path = Path.Combine(_folder.Path, "out.safetensors");
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["note"] = "ä \"b\"", ["format"] = "pt" });

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(tensors.Keys.Order(), file.Tensors.Keys.Order());
        Assert.All(tensors, pair =>
        {
            using torch.Tensor read = file.ToTensor(pair.Key);
            Assert.Equal(pair.Value.dtype, read.dtype);
            Assert.Equal(pair.Value.shape, read.shape);
            Assert.True(read.equal(pair.Value.detach()).all().item<bool>());
        });
        Assert.Equal("ä \"b\"", file.Metadata["note"]);
        Assert.All(file.Tensors.Values, entry =>
            Assert.Equal(0, entry.Offset % (entry.Length / Math.Max(1, entry.Shape.Aggregate(1L, (a, b) => a * b)))));
    }

    [Fact]
    public void Write_Header_IsSortedAndAligned()
    {
        using IDisposable scope = torch.NewDisposeScope();
        string path = Path.Combine(_folder.Path, "out.safetensors");
        SafetensorsWriter.Write(
            path,
            new Dictionary<string, torch.Tensor> { ["b"] = torch.ones(1), ["a"] = torch.zeros(2) },
            new Dictionary<string, string> { ["format"] = "pt" });

        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,"""
                + """8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""",
            Encoding.UTF8.GetString(bytes, 8, length).TrimEnd());
        Assert.Equal(8 + length + 12, bytes.Length);
    }

    [Fact]
    public void Write_Twice_ReplacesTheFileAndLeavesNothingElse()
    {
        using IDisposable scope = torch.NewDisposeScope();
        string path = Path.Combine(_folder.Path, "out.safetensors");
        SafetensorsWriter.Write(path, new Dictionary<string, torch.Tensor> { ["a"] = torch.ones(1000) }, new Dictionary<string, string>());
        SafetensorsWriter.Write(path, new Dictionary<string, torch.Tensor> { ["a"] = torch.ones(1) }, new Dictionary<string, string>());

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([1L], file.Tensors["a"].Shape);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Write_OtherDtype_NamesTheTensorAndLeavesTheOldFile()
    {
        using IDisposable scope = torch.NewDisposeScope();
        string path = _folder.Write("out.safetensors", "old");

        ArgumentException problem = Assert.Throws<ArgumentException>(() =>
            SafetensorsWriter.Write(
                path,
                new Dictionary<string, torch.Tensor> { ["ids"] = torch.ones(1, dtype: torch.ScalarType.Int64) },
                new Dictionary<string, string>()));

        Assert.Contains("'ids'", problem.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder.Path));
    }
}
