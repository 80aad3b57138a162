using System.Text;
using System.Text.Json;
using CsCheck;
using LoraLab.Contracts;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.RunDirectories;
using LoraLab.Server.Workers;
using LoraLab.Tests.Server.Storage;
using LoraLab.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LoraLab.Tests.Server.Faults;

/// <summary>
/// Event files that grow by any number of bytes, imported at any moment, by servers that lose their position at any moment:
/// in the end the store has each point once, and each series has the last attempt's points beyond the step that it resumed from.
/// </summary>
public sealed class ImportPropertyTests
{
    private const string Id = "run";
    private static readonly DateTimeOffset _begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private enum Act
    {
        Grow,
        Import,
        ServerDies,
        WorkerDies,
    }

    [Fact]
    public void Import_AnySequenceOfPiecesAndCrashes_HoldsEachPointOnce() =>
        Gen.Select(
            Gen.Frequency(
                (5, Gen.Const(Act.Grow)), (3, Gen.Const(Act.Import)), (1, Gen.Const(Act.ServerDies)), (1, Gen.Const(Act.WorkerDies))),
            Gen.Int[1, 900]).Array[5, 40].Sample(
                story =>
                {
                    using TemporaryFolder folder = new();
                    using World world = new(folder.Path);
                    foreach ((Act act, int amount) in story)
                    {
                        world.Do(act, amount);
                    }

                    world.Finish();
                },
                iter: 20,
                threads: 1);

    private sealed class World : IDisposable
    {
        private readonly string _folder;
        private readonly Dictionary<int, double> _expected = [];
        private StoreOnDisk _disk;
        private AttemptImport _import = null!;
        private byte[] _unwritten = [];
        private string _events = "";
        private int _attempt;

        public World(string folder)
        {
            _folder = folder;
            _disk = new StoreOnDisk(folder);
            _disk.Put(Id);
            Begin(resumedFrom: 0);
        }

        public void Do(Act act, int amount)
        {
            switch (act)
            {
                case Act.Grow:
                    Grow(amount);
                    break;
                case Act.Import:
                    Assert.True(_import.TryImport());
                    break;
                case Act.ServerDies:
                    _disk.Dispose();
                    _disk = new StoreOnDisk(_folder);
                    Attach();
                    break;
                default:
                    Assert.True(_import.TryImport());
                    Change(run => RunStateMachine.Interrupt(run, lost: false, _begin));
                    Change(run => RunStateMachine.Resume(run)!);
                    Begin(resumedFrom: Math.Min(amount % 12, _expected.Count == 0 ? 0 : _expected.Keys.Max()));
                    break;
            }
        }

        public void Finish()
        {
            Grow(int.MaxValue);
            Assert.True(_import.TryImport());
            MetricSeries loss = _disk.Store.ReadSeries(Id, [MetricKeys.TrainLoss])[MetricKeys.TrainLoss];
            Assert.Equal(_expected.Keys.Order(), loss.X);
            Assert.Equal(_expected.OrderBy(point => point.Key).Select(point => (double?)point.Value), loss.Y);
            _disk.Dispose();
            Assert.Equal(0, StoredPoints.Differences(Path.Combine(_folder, "data")));
        }

        public void Dispose() => _disk.Dispose();

        private void Begin(int resumedFrom)
        {
            _attempt++;
            Change(run => RunStateMachine.Claim(run, "cpu", _begin));
            _events = Path.Combine(
                Directory.CreateDirectory(Path.Combine(_folder, "data", "runs", Id, RunFiles.Attempt(_attempt))).FullName, RunFiles.Events);
            File.WriteAllText(_events, "");
            List<WorkerEvent> story =
                [new RunPrepared { Spec = new RunSpec(), Environment = new RunEnvironment(), TotalSteps = 12, ResumedFrom = resumedFrom }];
            for (int step = resumedFrom + 1; step <= 12; step++)
            {
                story.Add(new MetricsRecorded
                {
                    Steps = [step],
                    Values = new Dictionary<string, double[]> { [MetricKeys.TrainLoss] = [Loss(step)] },
                });
                story.Add(new ProgressMade { Step = step, TotalSteps = 12, Phase = "training" });
            }

            _unwritten = [.. story.SelectMany((happened, i) =>
                Encoding.UTF8.GetBytes(JsonSerializer.Serialize(happened with { Number = i + 1 }, ContractJson.Options) + "\n"))];
            Attach();
        }

        private double Loss(int step) => (_attempt * 100) + step;

        private void Grow(int amount)
        {
            byte[] piece = _unwritten[..Math.Min(amount, _unwritten.Length)];
            _unwritten = _unwritten[piece.Length..];
            using (FileStream file = new(_events, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
            {
                file.Write(piece);
            }

            Expect();
        }

        /// <summary>The complete lines of the latest file supersede earlier points beyond the step that it resumed from.</summary>
        private void Expect()
        {
            string text = File.ReadAllText(_events);
            foreach (string line in text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                switch (JsonSerializer.Deserialize<WorkerEvent>(line, ContractJson.Options))
                {
                    case RunPrepared prepared:
                        _expected.Keys.Where(step => step > prepared.ResumedFrom).ToList().ForEach(step => _expected.Remove(step));
                        break;
                    case MetricsRecorded recorded:
                        _expected[recorded.Steps[0]] = recorded.Values[MetricKeys.TrainLoss][0];
                        break;
                }
            }
        }

        private void Attach() =>
            _import = new AttemptImport(Id, new EventTail(_events), new RunImporter(_disk.Store, TimeProvider.System), NullLogger.Instance);

        private void Change(Func<RunDocument, RunDocument> change) => _disk.Store.Transact(StoreScope.Run(Id), transaction =>
        {
            StoredRun run = transaction.Find(Id)!;
            transaction.Put(run with { Document = change(run.Document) });
        });
    }
}
