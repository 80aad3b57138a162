using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Torch;

/// <summary>Tasks shared among threads.</summary>
public sealed class ParallelTasksTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(4, 2)]
    [InlineData(5, 8)]
    [InlineData(64, 3)]
    public void Run_ManyTimes_DoesEachTaskOnceAndNoTwoOnOneWorkerAtATime(int tasks, int threads)
    {
        ParallelTasks team = new();
        int[] busy = new int[threads];
        for (int round = 0; round < 2000; round++)
        {
            int[] done = new int[tasks];
            int together = 0;
            team.Run(tasks, threads, (task, worker) =>
            {
                together |= Interlocked.Exchange(ref busy[worker], 1);
                Interlocked.Increment(ref done[task]);
                Volatile.Write(ref busy[worker], 0);
            });

            Assert.Equal(0, together);
            Assert.All(done, times => Assert.Equal(1, times));
        }
    }

    [Fact]
    public void Run_ATaskThatFails_IsToldToTheCaller()
    {
        ParallelTasks team = new();

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => team.Run(8, 3, (task, _) =>
        {
            if (task == 5)
            {
                throw new ArithmeticException("five");
            }
        }));

        Assert.Equal("five", error.InnerException?.Message);
        int done = 0;
        team.Run(8, 3, (_, _) => Interlocked.Increment(ref done));
        Assert.Equal(8, done);
    }
}
