using LoraLab.Contracts.Catalog;
using LoraLab.Files;
using LoraLab.Tests.Support;
using LoraLab.Training.Files;
using LoraLab.Training.Tasks;
using Xunit;

namespace LoraLab.Tests.Training.Tasks;

/// <summary>A dataset is read once while its files do not change.</summary>
public sealed class DatasetCatalogTests : IDisposable
{
    private const string Train = "sentence\tlabel\nfine\t1\nawful\t0\n";
    private readonly TemporaryFolder _home = new();
    private readonly DatasetCatalog _catalog;

    public DatasetCatalogTests()
    {
        _home.Write("datasets/mine/train.tsv", Train);
        _home.Write("datasets/mine/dev.tsv", "sentence\tlabel\ngood\t1\n");
        _catalog = NewCatalog();
    }

    public void Dispose() => _home.Dispose();

    [Fact]
    public void Read_Twice_GivesTheSameRowsWithTheHashOfWhatWasRead()
    {
        Dataset first = _catalog.Read("mine");

        Assert.Same(first, _catalog.Read("mine"));
        Assert.Equal([2, 1], new[] { _catalog.Describe("mine").TrainRows, _catalog.Describe("mine").EvalRows });
        Assert.Same(first, _catalog.Read("mine"));
        Assert.Equal(["train.tsv", "dev.tsv"], first.Files.Select(file => file.Name));
        Assert.Equal(Sha256Hash.OfFile(PathOf("train.tsv")), first.Files[0].Sha256);
    }

    [Fact]
    public void List_LargeDatasetOfAnotherProcess_IsNotReadAgainUntilItIsWritten()
    {
        File.WriteAllText(PathOf("train.tsv"), Train + string.Concat(Enumerable.Repeat($"{new string('x', 1000)}\t1\n", 17_000)));
        DateTime writtenAt = File.GetLastWriteTimeUtc(PathOf("train.tsv"));
        Assert.Equal(17_002, Assert.Single(_catalog.List()).TrainRows);

        // Nobody can tell these bytes from those that were read, so that a row count shows that they were not.
        File.WriteAllBytes(PathOf("train.tsv"), new byte[new FileInfo(PathOf("train.tsv")).Length]);
        File.SetLastWriteTimeUtc(PathOf("train.tsv"), writtenAt);
        Assert.Equal(17_002, Assert.Single(NewCatalog().List()).TrainRows);

        File.SetLastWriteTimeUtc(PathOf("train.tsv"), writtenAt.AddSeconds(1));
        Assert.False(Assert.Single(NewCatalog().List()).Usable);
    }

    [Theory]
    [InlineData("train.tsv", "sentence\tlabel\nfine\t1\nawful\t0\nbad\t0\n", 3)]
    [InlineData("train.tsv", "sentence\tlabel\nFINE\t1\nawful\t0\n", 2)]
    [InlineData("dataset.json", """{"labels": ["no", "yes"]}""", 2)]
    public void Read_FileWasWritten_IsReadAgain(string file, string text, int rows)
    {
        Dataset first = _catalog.Read("mine");
        File.WriteAllText(PathOf(file), text);
        // A second write within the clock's tick would have the same time.
        File.SetLastWriteTimeUtc(PathOf(file), new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc));

        Dataset second = _catalog.Read("mine");

        Assert.NotSame(first, second);
        Assert.Equal(rows, second.Entry.TrainRows);
        Assert.Equal(Sha256Hash.OfFile(PathOf("train.tsv")), second.Files[0].Sha256);
    }

    [Fact]
    public void Describe_BrokenDataset_IsUnusableWithTheMessage()
    {
        File.WriteAllText(PathOf("train.tsv"), "sentence\tlabel\nfine\t7\n");

        DatasetEntry entry = _catalog.Describe("mine");

        Assert.False(entry.Usable);
        Assert.Contains("line 2", entry.Problem);
    }

    [Fact]
    public void FileSnapshots_FilesOfADataset_HaveSizeAndTime()
    {
        File.WriteAllText(PathOf("readme.txt"), "nobody reads this");
        File.SetLastWriteTimeUtc(PathOf("dev.tsv"), new DateTime(2024, 5, 6, 7, 8, 9, DateTimeKind.Utc));

        Assert.Equal(["mine/train.tsv", "mine/dev.tsv"], _catalog.FileSnapshots("mine").Select(file => file.Name));
        Assert.Equal(
            (Train.Length, new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.Zero)),
            (_catalog.FileSnapshots("mine")[0].Bytes, _catalog.FileSnapshots("mine")[1].WrittenAt));
    }

    private DatasetCatalog NewCatalog() => new(new TrainingConfiguration { Home = _home.Path, DataDirectory = _home.Path });

    private string PathOf(string file) => Path.Combine(_home.Path, "datasets", "mine", file);
}
